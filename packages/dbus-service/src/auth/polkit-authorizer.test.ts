// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusCallError, type OutgoingCall } from '../host/messages.js';
import { CollectingLog, settle } from '../testing/service.js';
import type { AuthorizationRequest } from './authorizer.js';
import { BusUsers } from '../host/bus-users.js';
import { PolkitAuthorizer, type AuthorizationBus } from './polkit-authorizer.js';

const request: AuthorizationRequest = {
  sender: ':1.7',
  action: 'me.phyllo.vgpu1.assign',
  details: { 'vgpu.uuid': 'x' },
  interactive: false,
};

/** A bus whose polkitd answers as told, without and with a dialog. */
class ScriptedBus implements AuthorizationBus {
  readonly calls: OutgoingCall[] = [];
  readonly watched = new Map<string, () => void>();
  plain: unknown = [false, true, {}];
  dialog: Promise<unknown> = Promise.resolve([true, false, {}]);

  /** Whose connection each sender is; undefined: the bus does not know it any more. */
  readonly users = new Map<unknown, number | undefined>([
    [':1.7', 1000],
    [':1.8', 1000],
    [':1.9', 1001],
  ]);
  lookups = 0;

  async call(call: OutgoingCall): Promise<readonly unknown[]> {
    if (call.member === 'GetConnectionUnixUser') {
      this.lookups += 1;
      const user = this.users.get(call.body.values[0]);
      if (user === undefined) throw new BusCallError('org.freedesktop.DBus.Error.NameHasNoOwner', 'gone');
      return [user];
    }
    this.calls.push(call);
    if (call.member !== 'CheckAuthorization') return [];
    const result = await (call.body.values[3] === 1 ? this.dialog : this.plain);
    if (result instanceof Error) throw result;
    return [result];
  }

  watchDeparture(name: string, onGone: () => void): () => void {
    this.watched.set(name, onGone);
    return () => void this.watched.delete(name);
  }
}

function make() {
  const bus = new ScriptedBus();
  const log = new CollectingLog();
  return { bus, log, authorizer: new PolkitAuthorizer(bus, new BusUsers(bus), log) };
}

/** A dialog that stays open. @returns what closes it with an answer */
function openDialog(bus: ScriptedBus): (result: unknown) => void {
  const closers: ((result: unknown) => void)[] = [];
  bus.dialog = new Promise((resolve) => closers.push(resolve));
  return (result) => {
    for (const close of closers) close(result);
  };
}

/** A caller whose dialog is open. */
async function open() {
  const made = make();
  const close = openDialog(made.bus);
  const cancellation = new AbortController();
  const decision = made.authorizer.decide({ ...request, interactive: true, cancelled: cancellation.signal });
  await settle();
  const leave = () => made.bus.watched.get(':1.7')?.();
  const cancelled = () =>
    made.bus.calls.filter(({ member }) => member === 'CancelCheckAuthorization').map(({ body }) => body.values[0]);
  const dialog = made.bus.calls[1]?.body.values[4];
  /** polkit is told to close it after so long, and not before. */
  const isCancelledAfter = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(cancelled()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(cancelled()).toEqual([dialog]);
  };
  return { ...made, close, decision, leave, cancel: () => cancellation.abort(), cancelled, isCancelledAfter };
}

describe('PolkitAuthorizer', () => {
  it('asks 8 checks of one user at a time, and those of another beside them', async () => {
    const { bus, authorizer } = make();
    const answers: ((result: unknown) => void)[] = [];
    bus.plain = new Promise((resolve) => answers.push(resolve));
    const own = Array.from({ length: 100 }, (_, index) =>
      authorizer.decide({ ...request, sender: index % 2 === 0 ? ':1.7' : ':1.8' }),
    );
    const other = authorizer.decide({ ...request, sender: ':1.9' });
    await settle();
    const asked = () =>
      bus.calls.map(({ body }) => (body.values[0] as [string, { name: { value: string } }])[1].name.value);
    expect(asked().filter((sender) => sender !== ':1.9')).toHaveLength(8);
    expect(asked()).toContain(':1.9');
    for (const answer of answers) answer([true, false, {}]);
    expect(new Set(await Promise.all([...own, other]))).toEqual(new Set(['granted']));
    expect(bus.calls).toHaveLength(101);
  });

  it('has 48 dialogs open in all, and 4 of one user', async () => {
    const { bus, authorizer } = make();
    const close = openDialog(bus);
    const senders = Array.from({ length: 13 }, (_, index) => `:2.${index}`);
    for (const [index, sender] of senders.entries()) bus.users.set(sender, 2000 + index);
    const all = senders.flatMap((sender) =>
      Array.from({ length: 4 }, () => authorizer.decide({ ...request, sender, interactive: true })),
    );
    await settle();
    await settle();
    expect(bus.calls.filter(({ body }) => body.values[3] === 1)).toHaveLength(48);
    close([true, false, {}]);
    const decisions = await Promise.all(all);
    expect(decisions.filter((decision) => decision === 'busy')).toHaveLength(4);
  });

  it.each([
    [[true, false, {}], 'granted'],
    [[false, false, {}], 'denied'],
    [[false, true, {}], 'challenge'],
    [[1, 0, {}], 'denied'],
    ['granted', 'denied'],
    [undefined, 'denied'],
    [new BusCallError('org.freedesktop.DBus.Error.ServiceUnknown', 'no polkit'), 'unanswered'],
    [new Error('anything'), 'unanswered'],
  ])('reads %o as %s', async (result, decision) => {
    const { bus, authorizer } = make();
    bus.plain = result;
    expect(await authorizer.decide(request)).toBe(decision);
  });

  it('tells polkit who and what', async () => {
    const { bus, authorizer } = make();
    await authorizer.decide(request);
    expect(bus.calls).toHaveLength(1);
    expect(bus.calls[0]?.body).toEqual({
      signature: '(sa{sv})sa{ss}us',
      values: [
        ['system-bus-name', { name: { signature: 's', value: ':1.7' } }],
        'me.phyllo.vgpu1.assign',
        { 'vgpu.uuid': 'x' },
        0,
        '',
      ],
    });
  });

  it('says so of one who has left, without a word in the log', async () => {
    const { bus, log, authorizer } = make();
    bus.plain = new BusCallError('org.freedesktop.DBus.Error.NameHasNoOwner', 'gone');
    expect(await authorizer.decide(request)).toBe('left');
    expect(log.lines).toEqual([]);
    bus.plain = new BusCallError('org.freedesktop.DBus.Error.NoReply', 'timed out');
    expect(await authorizer.decide(request)).toBe('unanswered');
    expect(log.lines).toHaveLength(1);
  });

  it('opens a dialog only for a challenge, and waits for it longer than for an answer without one', async () => {
    const { bus, authorizer } = make();
    expect(await authorizer.decide({ ...request, interactive: true })).toBe('granted');
    expect(bus.calls.map((call) => [call.body.values[3], call.timeoutMs])).toEqual([
      [0, 10_000],
      [1, 330_000],
    ]);
    expect(bus.watched.size).toBe(0);
    bus.plain = [true, false, {}];
    await authorizer.decide({ ...request, interactive: true });
    expect(bus.calls).toHaveLength(3);
  });

  it('takes a dismissed dialog for a no', async () => {
    const { bus, authorizer } = make();
    bus.dialog = Promise.resolve([false, true, { 'polkit.dismissed': 'true' }]);
    expect(await authorizer.decide({ ...request, interactive: true })).toBe('denied');
  });

  describe('with an open dialog', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => void vi.useRealTimers());

    it('grants nothing to a caller who leaves, and cancels it only when polkit has not ended it by itself', async () => {
      const { decision, leave, isCancelledAfter, close } = await open();
      leave();
      // polkit may say nothing for minutes.
      expect(await decision).toBe('left');
      await isCancelledAfter(5_000);
      close([true, false, {}]);
      await settle();
    });

    it('leaves alone one that polkit has ended', async () => {
      const { decision, leave, cancelled, close, bus } = await open();
      leave();
      expect(await decision).toBe('left');
      close([false, true, {}]);
      await vi.advanceTimersByTimeAsync(400_000);
      expect(cancelled()).toEqual([]);
      expect(bus.watched.size).toBe(0);
    });

    it('denies when it is cancelled, and cancels it when polkit has not ended it a moment later', async () => {
      const { decision, cancel, isCancelledAfter, close } = await open();
      cancel();
      expect(await decision).toBe('denied');
      await isCancelledAfter(300);
      close([false, true, {}]);
      await settle();
    });

    it('leaves one that was cancelled to polkit when its caller leaves then', async () => {
      const { decision, cancel, leave, isCancelledAfter, close } = await open();
      cancel();
      leave();
      expect(await decision).toBe('denied');
      await isCancelledAfter(5_000);
      close([true, false, {}]);
      await settle();
    });

    it('ends at the end of the service without waiting for polkit, and opens none after it', async () => {
      const { authorizer, bus, decision, isCancelledAfter, close } = await open();
      authorizer.stop();
      expect(await decision).toBe('denied');
      await isCancelledAfter(300);
      close(new BusCallError('org.freedesktop.PolicyKit1.Error.Cancelled', 'cancelled'));
      const before = bus.calls.length;
      expect(await authorizer.decide({ ...request, interactive: true })).toBe('denied');
      expect(bus.calls.slice(before)).toEqual([]);
    });

    it('does not cancel one beside polkit when its caller has left before the end of the service', async () => {
      const { authorizer, leave, cancelled, close } = await open();
      leave();
      authorizer.stop();
      await vi.advanceTimersByTimeAsync(4_999);
      expect(cancelled()).toEqual([]);
      close([false, true, {}]);
      await settle();
    });

    it('cancels one that nobody answers, and grants nothing', async () => {
      const { decision, cancelled, isCancelledAfter, close } = await open();
      await vi.advanceTimersByTimeAsync(299_999);
      expect(cancelled()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await decision).toBe('denied');
      await isCancelledAfter(300);
      close([false, true, {}]);
      await settle();
    });

    it('has nothing to cancel when polkit fails, which is no answer', async () => {
      const { bus, log, decision, cancelled, close } = await open();
      close(new BusCallError('org.freedesktop.DBus.Error.NoReply', 'recipient disconnected'));
      expect(await decision).toBe('unanswered');
      await vi.advanceTimersByTimeAsync(400_000);
      expect(cancelled()).toEqual([]);
      expect(log.lines).toHaveLength(1);
      expect(bus.watched.size).toBe(0);
    });
  });

  it('denies at the end of the service what polkit does not answer, and asks it nothing more', async () => {
    const { bus, authorizer } = make();
    bus.plain = new Promise(() => undefined);
    const all = Array.from({ length: 20 }, () => authorizer.decide(request));
    await settle();
    authorizer.stop();
    expect(new Set(await Promise.all(all))).toEqual(new Set(['denied']));
    expect(await authorizer.decide(request)).toBe('denied');
    expect(bus.calls).toHaveLength(8);
  });

  it('takes polkit’s error for a dialog of one who has left for no refusal, without a word in the log', async () => {
    const { bus, log, authorizer } = make();
    const close = openDialog(bus);
    const decision = authorizer.decide({ ...request, interactive: true });
    await settle();
    bus.watched.get(':1.7')?.();
    expect(await decision).toBe('left');
    close(new BusCallError('org.freedesktop.PolicyKit1.Error.Cancelled', 'cancelled'));
    await settle();
    expect(log.lines).toEqual([]);
    expect(bus.watched.size).toBe(0);
  });

  it('opens four dialogs for one user over all his connections, not five, and as many for every other', async () => {
    const { bus, authorizer } = make();
    const close = openDialog(bus);
    const open = (sender: string) => authorizer.decide({ ...request, sender, interactive: true });
    const four = [':1.7', ':1.8', ':1.7', ':1.8'].map(open);
    await settle();
    expect(await open(':1.7')).toBe('busy');
    expect(await open(':1.8')).toBe('busy');
    const others = [':1.9', ':1.9', ':1.9', ':1.9'].map(open);
    await settle();
    close([true, false, {}]);
    expect(await Promise.all([...four, ...others])).toEqual(Array.from({ length: 8 }, () => 'granted'));
    expect(await open(':1.7')).toBe('granted');
  });

  it('counts a dialog that was ended for as long as polkit has not answered: the bus counts it too', async () => {
    const { bus, authorizer } = make();
    const close = openDialog(bus);
    const cancellation = new AbortController();
    const open = () => authorizer.decide({ ...request, interactive: true, cancelled: cancellation.signal });
    const four = [open(), open(), open(), open()];
    await settle();
    cancellation.abort();
    await Promise.all(four);
    const before = bus.calls.length;
    const fifth = () => authorizer.decide({ ...request, interactive: true });
    expect(await fifth()).toBe('busy');
    expect(bus.calls).toHaveLength(before + 1);
    close([true, false, {}]);
    await settle();
    expect(await fifth()).toBe('granted');
  });

  it('asks once whose connection it is', async () => {
    const { bus, authorizer } = make();
    await authorizer.decide({ ...request, interactive: true });
    await authorizer.decide({ ...request, interactive: true });
    await authorizer.decide({ ...request, sender: ':1.8', interactive: true });
    expect(bus.lookups).toBe(2);
  });

  it('opens none for a caller whom the bus does not know', async () => {
    const { bus, authorizer } = make();
    expect(await authorizer.decide({ ...request, sender: ':1.5', interactive: true })).toBe('left');
    expect(bus.calls).toHaveLength(0);
  });
});
