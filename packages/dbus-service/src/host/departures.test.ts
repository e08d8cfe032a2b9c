// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { settle } from '../testing/service.js';
import { Departures } from './departures.js';

/** A bus of which calls fail, on which nobody but `:1.1` is. */
function start(failing: readonly string[] = []) {
  const calls: string[] = [];
  const lines: string[] = [];
  const departures = new Departures({
    async callDaemon(member, { values }) {
      calls.push(member);
      if (failing.includes(member)) throw new Error('too many rules');
      return [member === 'NameHasOwner' && values[0] === ':1.1'];
    },
    log: (text) => void lines.push(text),
  });
  const leave = (name: string) =>
    departures.take({ sender: 'org.freedesktop.DBus', member: 'NameOwnerChanged', body: [name, name, ''] });
  let gone = 0;
  const watch = (name: string) => departures.watch(name, () => void (gone += 1));
  return { calls, lines, leave, watch, gone: () => gone };
}

describe('Departures', () => {
  it('tells once when a connection leaves, and no more when the watch has ended', async () => {
    const { calls, leave, watch, gone } = start();
    const unwatch = watch(':1.1');
    await settle();
    leave(':1.2');
    expect(gone()).toBe(0);
    leave(':1.1');
    leave(':1.1');
    expect(gone()).toBe(1);
    unwatch();
    await settle();
    expect(calls).toEqual(['AddMatch', 'NameHasOwner', 'RemoveMatch']);
    watch(':1.1')();
    leave(':1.1');
    await settle();
    expect(gone()).toBe(1);
  });

  it('tells of one that has left before', async () => {
    const { watch, gone } = start();
    watch(':1.2');
    await settle();
    expect(gone()).toBe(1);
  });

  it.each(['AddMatch', 'NameHasOwner'])('takes one for gone whom it cannot watch, because %s fails', async (member) => {
    const { calls, lines, watch, gone } = start([member]);
    const unwatch = watch(':1.1');
    await settle();
    expect(gone()).toBe(1);
    expect(lines).toEqual(['cannot watch :1.1, which counts as gone']);
    unwatch();
    await settle();
    expect(calls.includes('RemoveMatch')).toBe(member !== 'AddMatch');
    expect(lines).toHaveLength(1);
  });
});
