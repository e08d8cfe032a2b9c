// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, expect, it } from 'vitest';
import { FakeBus, formatMessage, formatText, type Field } from '../testing/fake-bus.js';
import { CollectingLog } from '../testing/service.js';
import { Bus } from './bus.js';
import { DictionaryBody } from './dictionary-body.js';
import { messageType } from './message-header.js';
import type { Answer, IncomingCall } from './messages.js';

const timeoutMs = 10_000;
const limits = 'org.freedesktop.DBus.Error.LimitsExceeded';
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(answer: (call: IncomingCall) => Answer) {
  const fake = new FakeBus();
  await fake.listen();
  const log = new CollectingLog();
  const bus = await Bus.connect(fake.address, (text, error) => log.error(text, error));
  bus.handleCalls({ refuse: () => undefined, answer: async (call) => answer(call) });
  ends.push(async () => {
    await bus.close();
    fake.close();
  });
  return { fake, bus, log };
}

function call(serial: number, sender: string, text: string): Buffer {
  const fields: Field[] = [
    [1, 'o', '/a'],
    [3, 's', 'Say'],
    [6, 's', ':1.1'],
    [7, 's', sender],
    [8, 'g', 's'],
  ];
  return formatMessage(messageType.methodCall, serial, fields, formatText('s', text));
}

it.each<[string, Answer]>([
  ['a path that is none', { signature: 'o', values: ['no path'] }],
  ['a number that is too large', { signature: 'y', values: [300] }],
  ['one object', new DictionaryBody('a{oa{sv}}', [{ key: 'no path', source: {}, value: () => ({}) }])],
])('what cannot be sent, here %s, is answered with Internal', async (_what, answer) => {
  const { fake, log } = await start(() => answer);
  fake.send(call(7, ':1.9', ''));
  await fake.answerTo(7, timeoutMs);
  expect(fake.errors.get(7)).toBe('me.phyllo.Vgpu1.Error.Internal');
  expect(log.lines).toHaveLength(1);
});

it('an answer or a signal that the bus would cut us off for is not sent', async () => {
  const values = ['x'.repeat(31 * 1024 * 1024)];
  const { fake, bus } = await start(() => ({ signature: 's', values }));
  fake.send(call(7, ':1.9', ''));
  await fake.answerTo(7, timeoutMs);
  expect(fake.errors.get(7)).toBe(limits);
  expect(() => bus.emit('/a', 'a.b', 'C', { signature: 's', values })).toThrow('more than the bus carries');
});

it('a call is decoded in its turn, and what waits of one caller is bounded in bytes', async () => {
  const senders: string[] = [];
  const { fake } = await start(({ sender }) => {
    senders.push(sender);
    return { signature: '', values: [] };
  });
  const large = 'x'.repeat(60_000);
  const flood = Array.from({ length: 10 }, (_, index) => call(index + 1, ':1.9', large));
  fake.send(Buffer.concat([...flood, call(11, ':1.10', '')]));
  await fake.until('eleven answers', () => fake.answers.size === 11, timeoutMs);
  expect(fake.errors.get(11)).toBeUndefined();
  const refused = [...fake.errors.values()];
  expect(new Set(refused)).toEqual(new Set([limits]));
  // One is decoded at once and two wait; where the bytes come in pieces some have had their turn.
  expect(refused.length).toBeGreaterThan(0);
  expect(senders.filter((sender) => sender === ':1.9')).toHaveLength(10 - refused.length);
});
