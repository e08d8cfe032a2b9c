// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { IdleWatch } from './idle.js';
import { Gate } from './testing/calls.js';
import { ManualClock, settle } from './testing/service.js';

const idleMs = 60_000;

function start() {
  const clock = new ManualClock();
  const departures = new Map<string, () => void>();
  const state = { idle: false, busy: false };
  const watch = new IdleWatch({
    idleMs,
    clock,
    busy: () => state.busy,
    watchDeparture(sender, onGone) {
      departures.set(sender, onGone);
      return () => void departures.delete(sender);
    },
  });
  const end = async () => {
    await watch.idle();
    state.idle = true;
  };
  void end();
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
    return state.idle;
  };
  const leave = (sender: string) => departures.get(sender)?.();
  return { watch, clock, state, departures, pass, leave };
}

describe('IdleWatch', () => {
  it('is idle when nobody ever called', async () => {
    const { pass } = start();
    expect(await pass(idleMs - 1)).toBe(false);
    expect(await pass(1)).toBe(true);
  });

  it.each([idleMs * 100, idleMs * -100])('knows nothing of a clock that is set by %d ms', async (setByMs) => {
    const { watch, clock, pass } = start();
    await pass(idleMs / 2);
    await watch.during(() => Promise.resolve());
    clock.wallOffsetMs = setByMs;
    expect(await pass(idleMs - 1)).toBe(false);
    expect(await pass(1)).toBe(true);
  });

  it('counts from when the last client left', async () => {
    const { watch, pass, leave } = start();
    watch.calledBy(':1.1');
    watch.calledBy(':1.2');
    expect(await pass(idleMs * 10)).toBe(false);
    leave(':1.1');
    expect(await pass(idleMs * 10 + 5000)).toBe(false);
    leave(':1.2');
    expect(await pass(idleMs - 1)).toBe(false);
    expect(await pass(1)).toBe(true);
  });

  it('watches a client once, and no longer than it is there', async () => {
    const { watch, departures, leave } = start();
    watch.calledBy(':1.1');
    watch.calledBy(':1.1');
    expect([...departures.keys()]).toEqual([':1.1']);
    leave(':1.1');
    expect(departures.size).toBe(0);
    watch.calledBy(':1.1');
    expect(departures.size).toBe(1);
  });

  it('is not idle while a call is answered whose caller has left', async () => {
    const { watch, pass, leave } = start();
    watch.calledBy(':1.1');
    const gate = new Gate();
    const answered = watch.during(() => gate.pass());
    leave(':1.1');
    expect(await pass(idleMs * 3)).toBe(false);
    gate.open();
    await answered;
    expect(await pass(idleMs - 1)).toBe(false);
    expect(await pass(1)).toBe(true);
  });

  it('is not idle while there is something else to keep', async () => {
    const { state, pass } = start();
    state.busy = true;
    expect(await pass(idleMs)).toBe(false);
    expect(await pass(idleMs)).toBe(false);
    state.busy = false;
    expect(await pass(idleMs)).toBe(true);
  });

  it('forgets nobody when more clients come than it may watch', async () => {
    const { watch, departures, pass, leave } = start();
    const senders = Array.from({ length: 1000 }, (_, index) => `:1.${index}`);
    for (const sender of senders) watch.calledBy(sender);
    expect(departures.size).toBe(128);
    const last = senders.pop() ?? '';
    for (const sender of senders) leave(sender);
    expect(await pass(idleMs * 2)).toBe(false);
    leave(last);
    expect(await pass(idleMs)).toBe(true);
  });
});
