// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { FairSlots } from './fair-slots.js';
import { settle } from './testing/service.js';

/** Work that ends when it is told to. */
function start(max: number, maxPerUser: number) {
  const slots = new FairSlots(max, maxPerUser);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const run = (user: number) =>
    slots.run(user, () => {
      began.push(user);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const end = async () => {
    ends.shift()?.();
    await settle();
  };
  return { slots, began, run, end };
}

it('runs so much of each user and in all', async () => {
  const { began, run, end } = start(3, 2);
  const all = [1, 1, 1, 1, 2, 3].map(run);
  await settle();
  expect(began).toEqual([1, 1, 2]);
  for (let left = all.length; left > 0; left -= 1) await end();
  await Promise.all(all);
  expect(began).toHaveLength(6);
});

it('users take turns, however much one of them has waiting', async () => {
  const { began, run, end } = start(1, 1);
  const all = [1, 1, 1, 1, 2, 3, 2].map(run);
  await settle();
  for (let left = all.length; left > 0; left -= 1) await end();
  await Promise.all(all);
  expect(began).toEqual([1, 1, 2, 3, 1, 2, 1]);
});

it('work that fails leaves its slot', async () => {
  const { slots } = start(1, 1);
  await expect(slots.run(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await slots.run(1, async () => 'done')).toBe('done');
});
