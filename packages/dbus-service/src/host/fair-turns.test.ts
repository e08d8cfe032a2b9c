// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { settle } from '../testing/service.js';
import { FairTurns } from './fair-turns.js';

/** All callers are of one user but those of whom it is said. */
function start(users: Readonly<Record<string, number>> = {}) {
  const began: string[] = [];
  const held = new Set<string>();
  const room = { is: true };
  const turns = new FairTurns({
    userOf: async (sender) => users[sender] ?? 1000,
    hasRoom: () => room.is,
    mayAnswer: (sender) => !held.has(sender),
  });
  const call = (sender: string, bytes = 100) => turns.run(sender, bytes, () => void began.push(sender));
  return { turns, began, call, held, room };
}

it('a caller waits for one call of each other, not for all', async () => {
  const { began, call } = start();
  const calls = [...'aaaa', 'b', 'c', 'b'].map((sender) => call(sender));
  await Promise.all(calls);
  expect(began.join('')).toBe('abcabaa');
});

it('one who comes while others wait is next after one of each', async () => {
  const { began, call } = start();
  const calls = [...'aaaaaa'].map((sender) => call(sender));
  await calls[1];
  await call('b');
  expect(began.filter((sender) => sender === 'a').length).toBeLessThan(5);
  await Promise.all(calls);
});

it('a light call waits for one heavy call, however many callers have sent such', async () => {
  const { began, call } = start();
  const heavy = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h1', 'h2'].map((sender) => call(sender, 5000));
  // His own calls keep their order.
  const behind = call('h6');
  await Promise.all([call('a'), call('b'), call('a')]);
  expect(began.filter((sender) => sender.startsWith('h')).length).toBeLessThan(5);
  await Promise.all([...heavy, behind]);
  expect(began.filter((sender) => sender === 'h6')).toHaveLength(2);
  expect(began).toHaveLength(12);
});

it('a caller has a bounded number of calls that wait, and others are not refused for him', async () => {
  const { turns, began, call } = start();
  const calls = Array.from({ length: 256 }, () => {
    expect(turns.refusal('a', 100)).toBeUndefined();
    return call('a');
  });
  expect(turns.refusal('a', 100)).toContain('256 calls of a wait already');
  expect(turns.refusal('b', 100)).toBeUndefined();
  await Promise.all(calls);
  expect(began).toHaveLength(256);
  expect(turns.refusal('a', 100)).toBeUndefined();
});

it('a caller has a bounded number of bytes that wait', async () => {
  const { turns, call } = start();
  const calls = [call('a', 60_000), call('a', 60_000)];
  expect(turns.refusal('a', 60_000)).toContain('of 120000 bytes');
  expect(turns.refusal('a', 1000)).toBeUndefined();
  expect(turns.refusal('b', 60_000)).toBeUndefined();
  await Promise.all(calls);
  expect(turns.refusal('a', 60_000)).toBeUndefined();
});

it('whoever has nothing that waits may have one call, however much waits of others', async () => {
  const senders = Array.from({ length: 600 }, (_, index) => `:1.${index}`);
  const { turns, call } = start(Object.fromEntries(senders.map((sender, index) => [sender, index])));
  const calls = senders.map((sender) => call(sender, 60_000));
  expect(turns.refusal(':1.7', 1000)).toMatch(/^calls of \d+ bytes wait already$/);
  expect(turns.refusal(':1.1000', 60_000)).toBeUndefined();
  await Promise.all(calls);
});

it('one user has a bounded number of bytes that wait, over all connections', async () => {
  const senders = Array.from({ length: 70 }, (_, index) => `:1.${index}`);
  const { turns, call, room } = start({ other: 1001 });
  room.is = false;
  const calls = [...senders, 'other'].map((sender) => call(sender, 60_000));
  await settle();
  expect(turns.refusal(':1.7', 1000)).toMatch(/^calls of user 1000 of 4200000 bytes wait already$/);
  expect(turns.refusal('other', 1000)).toBeUndefined();
  room.is = true;
  turns.resume();
  await Promise.all(calls);
  expect(turns.refusal(':1.7', 1000)).toBeUndefined();
});

it('nobody has a turn while there is no room for an answer', async () => {
  const { turns, began, call, room } = start();
  room.is = false;
  const calls = ['a', 'b', 'a'].map((sender) => call(sender));
  await settle();
  expect(began).toEqual([]);
  room.is = true;
  turns.resume();
  await Promise.all(calls);
  expect(began.join('')).toBe('aba');
});

it('whoever may have no answer holds up nobody, and has turns again later', async () => {
  const { turns, began, call, held } = start();
  held.add('a');
  const first = [call('a'), call('a', 5000)];
  await Promise.all([call('b'), call('b')]);
  expect(began.join('')).toBe('bb');
  held.clear();
  turns.resume();
  await Promise.all(first);
  expect(began.join('')).toBe('bbaa');
});

it('at the end nothing waits for who may have no answer', async () => {
  const { turns, began, call, held } = start();
  held.add('a');
  const before = call('a');
  await settle();
  turns.dropHeld();
  await Promise.all([before, call('a'), call('b')]);
  expect(began).toEqual(['b']);
});
