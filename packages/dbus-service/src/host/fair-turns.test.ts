// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { FairTurns } from './fair-turns.js';

function start() {
  const turns = new FairTurns();
  const began: string[] = [];
  const call = (sender: string) =>
    turns.run(sender, async () => {
      began.push(sender);
      return sender;
    });
  return { began, call };
}

it('a caller waits for one call of each other, not for all', async () => {
  const { began, call } = start();
  const calls = [...'aaaa', 'b', 'c', 'b'].map(call);
  expect(began).toEqual(['a']);
  await Promise.all(calls);
  expect(began.join('')).toBe('aabcaba');
});

it('one who comes while others wait is next after one of each', async () => {
  const { began, call } = start();
  const calls = [...'aaaaaa'].map(call);
  await calls[1];
  await call('b');
  expect(began.filter((sender) => sender === 'a').length).toBeLessThan(5);
  await Promise.all(calls);
});

it('a call begins at once when nobody waits', async () => {
  const { began, call } = start();
  await call('a');
  await new Promise((resolve) => setImmediate(resolve));
  void call('b');
  expect(began).toEqual(['a', 'b']);
});

it('a caller has a bounded number of calls that wait, and others are not refused for him', async () => {
  const { call } = start();
  const calls = Array.from({ length: 257 }, () => call('a'));
  await expect(call('a')).rejects.toMatchObject({ errorName: 'org.freedesktop.DBus.Error.LimitsExceeded' });
  expect(await call('b')).toBe('b');
  expect(await Promise.all(calls)).toHaveLength(257);
});
