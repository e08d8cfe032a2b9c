// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UnreadReplies } from './unread-replies.js';

const mebibyte = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Of each connection what the bus keeps: all that it was sent, where nothing else is said. */
function start() {
  const kept = new Map<string, number | 'gone' | undefined>();
  const asked: string[] = [];
  const rooms: number[] = [];
  const unread = new UnreadReplies({
    async unreadOf(sender) {
      asked.push(sender);
      return kept.has(sender) ? kept.get(sender) : Infinity;
    },
    onRoom: () => void rooms.push(1),
  });
  const answer = (sender: string, user: number, bytes: number) => {
    const may = unread.mayAnswer(sender, user);
    if (may) unread.answered(sender, bytes);
    return may;
  };
  return { unread, kept, asked, rooms, answer };
}

it('whoever reads waits for a look at most', async () => {
  const { kept, answer, rooms } = start();
  kept.set(':1.1', 0);
  expect(answer(':1.1', 1000, 9 * mebibyte)).toBe(true);
  expect(answer(':1.1', 1000, 9 * mebibyte)).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(rooms).toHaveLength(1);
  expect(answer(':1.1', 1000, 9 * mebibyte)).toBe(true);
});

it('a connection that never reads gets 8 MiB and one answer', async () => {
  const { answer, rooms } = start();
  for (let count = 0; count < 9; count += 1) expect(answer(':1.1', 1000, mebibyte)).toBe(true);
  expect(answer(':1.1', 1000, 1)).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(answer(':1.1', 1000, 1)).toBe(false);
  expect(rooms).toHaveLength(0);
});

it('a user who never reads gets 24 MiB and one answer, over all connections, until they leave', async () => {
  const { kept, answer, rooms } = start();
  const connections = Array.from({ length: 100 }, (_, index) => `:1.${index}`);
  const answered = connections.filter((sender) => answer(sender, 1000, mebibyte));
  expect(answered).toHaveLength(25);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rooms).toHaveLength(0);
  expect(answer(':1.7', 1000, 1)).toBe(false);
  expect(answer(':1.200', 0, mebibyte)).toBe(true);
  for (const sender of connections) kept.set(sender, 'gone');
  await vi.advanceTimersByTimeAsync(1000);
  expect(rooms.length).toBeGreaterThan(0);
  expect(answer(':1.300', 1000, 1)).toBe(true);
});

it('a connection that reads is answered beside one of the same user that hangs', async () => {
  const { kept, answer } = start();
  for (let count = 0; count < 9; count += 1) answer(':1.1', 1000, mebibyte);
  expect(answer(':1.1', 1000, 1)).toBe(false);
  kept.set(':1.2', 0);
  for (let count = 0; count < 50; count += 1) {
    answer(':1.2', 1000, mebibyte);
    await vi.advanceTimersByTimeAsync(250);
    expect(answer(':1.2', 1000, 0)).toBe(true);
  }
});

it('when many users do not read, whoever has more than 1 MiB unread waits', () => {
  const { answer } = start();
  for (let user = 1; user <= 7; user += 1) {
    for (let count = 0; count < 9; count += 1)
      expect(answer(`:1.${user}`, user, mebibyte - (count === 0 ? 1 : 0))).toBe(true);
  }
  expect(answer(':1.8', 8, 2 * mebibyte)).toBe(true);
  expect(answer(':1.8', 8, 1)).toBe(false);
  expect(answer(':1.10', 0, mebibyte)).toBe(true);
  expect(answer(':1.10', 0, mebibyte)).toBe(true);
});

it('where the bus does not tell, 4 MiB a second count as read', async () => {
  const { kept, answer } = start();
  kept.set(':1.1', undefined);
  answer(':1.1', 1000, 16 * mebibyte);
  expect(answer(':1.1', 1000, 1)).toBe(false);
  await vi.advanceTimersByTimeAsync(1500);
  expect(answer(':1.1', 1000, 1)).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(answer(':1.1', 1000, 1)).toBe(true);
});

it('what is answered while the bus is asked counts', async () => {
  const { unread, kept, answer } = start();
  kept.set(':1.1', 0);
  answer(':1.1', 1000, 9 * mebibyte);
  answer(':1.1', 1000, 1);
  unread.answered(':1.1', 9 * mebibyte);
  kept.set(':1.1', 9 * mebibyte);
  await vi.advanceTimersByTimeAsync(0);
  expect(answer(':1.1', 1000, 1)).toBe(false);
});

it('connections that have left are forgotten', async () => {
  const { kept, asked, answer } = start();
  for (let index = 0; index < 3000; index += 1) {
    kept.set(`:1.${index}`, 'gone');
    answer(`:1.${index}`, 1000, 100);
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.length).toBeGreaterThan(1000);
  expect(answer(':1.5000', 1000, 1)).toBe(true);
});
