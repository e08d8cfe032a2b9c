// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './clock.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('the clock', () => {
  it('counts what elapses however somebody sets the host’s clock, which the time for people follows', () => {
    const before = { now: systemClock.nowUsec(), elapsed: systemClock.elapsedUsec() };
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(0);
    expect(systemClock.nowUsec()).toBeLessThan(before.now);
    expect(systemClock.elapsedUsec()).toBeGreaterThanOrEqual(before.elapsed);
    vi.setSystemTime(Date.UTC(2100, 0));
    const hourUsec = 3_600_000_000n;
    expect(systemClock.nowUsec()).toBeGreaterThan(before.now + hourUsec);
    expect(systemClock.elapsedUsec()).toBeLessThan(before.elapsed + hourUsec);
  });
});
