// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { FairTurns } from './fair-turns.js';

function start() {
  const turns = new FairTurns();
  const began: string[] = [];
  const call = (sender: string, bytes = 100) => turns.run(sender, bytes, () => void began.push(sender));
  return { turns, began, call };
}

it('a caller waits for one call of each other, not for all', async () => {
  const { began, call } = start();
  const calls = [...'aaaa', 'b', 'c', 'b'].map((sender) => call(sender));
  expect(began).toEqual(['a']);
  await Promise.all(calls);
  expect(began.join('')).toBe('aabcaba');
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

it('a call begins at once when nobody waits', async () => {
  const { began, call } = start();
  await call('a');
  await new Promise((resolve) => setImmediate(resolve));
  void call('b');
  expect(began).toEqual(['a', 'b']);
});

it('a caller has a bounded number of calls that wait, and others are not refused for him', async () => {
  const { turns, began, call } = start();
  const calls = Array.from({ length: 257 }, () => {
    expect(turns.refusal('a', 100)).toBeUndefined();
    return call('a');
  });
  expect(turns.refusal('a', 100)).toContain('256 calls of a wait already');
  expect(turns.refusal('b', 100)).toBeUndefined();
  await Promise.all(calls);
  expect(began).toHaveLength(257);
  expect(turns.refusal('a', 100)).toBeUndefined();
});

it('a caller has a bounded number of bytes that wait', async () => {
  const { turns, call } = start();
  const calls = [call('a', 60_000), call('a', 60_000), call('a', 60_000)];
  expect(turns.refusal('a', 60_000)).toContain('of 120000 bytes');
  expect(turns.refusal('a', 1000)).toBeUndefined();
  expect(turns.refusal('b', 60_000)).toBeUndefined();
  await Promise.all(calls);
  expect(turns.refusal('a', 60_000)).toBeUndefined();
});

it('whoever has nothing that waits may have one call, however much waits of others', async () => {
  const { turns, call } = start();
  const senders = Array.from({ length: 600 }, (_, index) => `:1.${index}`);
  const calls = senders.map((sender) => call(sender, 60_000));
  expect(turns.refusal(':1.7', 1000)).toMatch(/^calls of \d+ bytes wait already$/);
  expect(turns.refusal(':1.1000', 60_000)).toBeUndefined();
  await Promise.all(calls);
});
