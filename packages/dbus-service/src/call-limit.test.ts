// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { CallLimit } from './call-limit.js';
import { BusCallError } from './host/messages.js';

const never = () => new Promise<never>(() => undefined);
const refused = { errorName: 'org.freedesktop.DBus.Error.LimitsExceeded' };

it('one connection has 32 calls that are not answered, one user 128, and others are not refused for him', async () => {
  const limit = new CallLimit(async (sender) => Number(sender.split('.')[1]));
  for (let connection = 0; connection < 4; connection += 1) {
    for (let call = 0; call < 32; call += 1) void limit.run(`${connection}.1000`, never);
  }
  await expect(limit.run('0.1000', async () => 1)).rejects.toMatchObject(refused);
  await expect(limit.run('4.1000', async () => 1)).rejects.toMatchObject(refused);
  expect(await limit.run('0.0', async (user) => user)).toBe(0);
});

it('a call that is over counts no more', async () => {
  const limit = new CallLimit(async () => 1000);
  for (let call = 0; call < 200; call += 1) expect(await limit.run(':1.1', async () => call)).toBe(call);
});

it('a caller who has left is told so, which nobody reads', async () => {
  const gone = new BusCallError('org.freedesktop.DBus.Error.NameHasNoOwner', 'gone');
  const limit = new CallLimit(() => Promise.reject(gone));
  await expect(limit.run(':1.1', async () => 1)).rejects.toMatchObject({ code: 'Unavailable' });
});
