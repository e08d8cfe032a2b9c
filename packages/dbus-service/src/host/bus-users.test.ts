// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { BusUsers } from './bus-users.js';
import { BusCallError, type OutgoingCall } from './messages.js';

describe('isPresent', () => {
  it.each([
    [true, true],
    [false, false],
    [1, false],
    [new BusCallError('org.freedesktop.DBus.Error.NoReply', 'timed out'), false],
  ])('is, where the bus answers %o, %s', async (answer, present) => {
    const asked: OutgoingCall[] = [];
    const users = new BusUsers({
      call: async (call) => {
        asked.push(call);
        if (answer instanceof Error) throw answer;
        return [answer];
      },
    });
    expect(await users.isPresent(':1.7')).toBe(present);
    expect(asked).toMatchObject([{ member: 'NameHasOwner', body: { signature: 's', values: [':1.7'] } }]);
  });
});
