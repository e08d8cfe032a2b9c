// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { startDaemon } from './daemon.js';
import { messageType } from './host/message-header.js';
import { Gate } from './testing/calls.js';
import { FakeBus, formatMessage, type Field } from './testing/fake-bus.js';
import { makeHost } from './testing/hosts.js';
import { CollectingLog } from './testing/service.js';

const timeoutMs = 10_000;

function ping(serial: number): Buffer {
  const fields: Field[] = [
    [1, 'o', '/me/phyllo/Vgpu1/manager'],
    [2, 's', 'org.freedesktop.DBus.Peer'],
    [3, 's', 'Ping'],
    [6, 's', ':1.1'],
    [7, 's', ':1.9'],
  ];
  return formatMessage(messageType.methodCall, serial, fields);
}

it('whoever goes on calling when the name is given back is refused, and keeps nothing from its end', async () => {
  const fake = new FakeBus();
  await fake.listen();
  const host = makeHost();
  const closing = new Gate();
  const state = { closes: false };
  const close = () => {
    state.closes = true;
    return closing.pass();
  };
  const ports = { ...host, close };
  const daemon = await startDaemon({
    busAddress: fake.address,
    log: new CollectingLog(),
    openHost: async () => ports,
  });
  fake.send(ping(1));
  await fake.answerTo(1, timeoutMs);
  expect(fake.errors.get(1)).toBeUndefined();
  const retired = daemon.retire();
  await fake.until('ReleaseName', () => fake.calls.includes('ReleaseName'), timeoutMs);
  let serial = 1;
  while (!state.closes) {
    serial += 1;
    fake.send(ping(serial));
    await fake.answerTo(serial, timeoutMs);
  }
  serial += 1;
  fake.send(ping(serial));
  await fake.answerTo(serial, timeoutMs);
  expect(fake.errors.get(serial)).toBe('me.phyllo.Vgpu1.Error.Unavailable');
  closing.open();
  await retired;
  fake.close();
});
