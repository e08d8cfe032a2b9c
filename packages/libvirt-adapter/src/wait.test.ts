// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { waitUntil, within } from './wait.js';

/** Events that a test fires. */
function fakeEvents(): {
  onChange: (listener: (extent: 'some') => void) => () => void;
  fire: () => void;
  listeners: Set<(extent: 'some') => void>;
} {
  const listeners = new Set<(extent: 'some') => void>();
  return {
    listeners,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    fire: () => {
      for (const listener of listeners) listener('some');
    },
  };
}

it('looks again at once after an event, also after one that came while it looked', async () => {
  const events = fakeEvents();
  let looks = 0;
  const started = performance.now();
  await waitUntil(
    async () => {
      looks++;
      events.fire();
      return looks === 200;
    },
    { events, timedOut: 'never', timeoutMs: 10_000 },
  );
  // Two hundred pauses would take half a minute.
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(events.listeners.size).toBe(0);
});

it('looks from time to time without any event, and counts an absent libvirt as not yet', async () => {
  let looks = 0;
  await waitUntil(
    async () => {
      looks++;
      if (looks < 3) throw new DeviceError('Unavailable', 'libvirt cannot be reached');
      return true;
    },
    { events: fakeEvents(), timedOut: 'never', timeoutMs: 10_000 },
  );
  expect(looks).toBe(3);
});

it('ends with TimedOut and names what did not happen', async () => {
  const events = fakeEvents();
  await expect(
    waitUntil(async () => false, { events, timedOut: 'vGPU x did not become active', timeoutMs: 30 }),
  ).rejects.toMatchObject({ code: 'TimedOut', message: 'vGPU x did not become active within 0.03 s' });
  expect(events.listeners.size).toBe(0);
});

it('ends in time also when a look never does', async () => {
  const never = new Promise<boolean>(() => {});
  const waiting = waitUntil(() => never, { events: fakeEvents(), timedOut: 'x did not become y', timeoutMs: 30 });
  await expect(waiting).rejects.toMatchObject({ code: 'TimedOut' });
});

it('passes on what the condition rejects with', async () => {
  const failure = new DeviceError('NotAuthorized', 'no');
  await expect(
    waitUntil(() => Promise.reject(failure), { events: fakeEvents(), timedOut: 'never', timeoutMs: 10_000 }),
  ).rejects.toBe(failure);
});

describe('within', () => {
  it('gives a result, or what the call rejects with', async () => {
    expect(await within(Promise.resolve(1), 1_000, 'x')).toBe(1);
    const failure = new DeviceError('NotFound', 'no');
    await expect(within(Promise.reject(failure), 1_000, 'x')).rejects.toBe(failure);
  });

  it('gives up a call that takes too long', async () => {
    const never = new Promise<number>(() => {});
    await expect(within(never, 20, 'vGPU x could not be stopped')).rejects.toMatchObject({
      code: 'TimedOut',
      message: 'vGPU x could not be stopped within 0.02 s, the outcome is unknown',
    });
  });
});
