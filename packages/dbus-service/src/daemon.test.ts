// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
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

async function start(idleMs?: number) {
  const fake = new FakeBus();
  await fake.listen();
  const closing = new Gate();
  const state = { closes: false };
  const close = () => {
    state.closes = true;
    return closing.pass();
  };
  const ports = { ...makeHost(), close };
  const log = new CollectingLog();
  const daemon = await startDaemon({ busAddress: fake.address, log, idleMs, openHost: async () => ports });
  const errorOf = async (serial: number) => {
    fake.send(ping(serial));
    await fake.answerTo(serial, timeoutMs);
    return fake.errors.get(serial);
  };
  const stop = async () => {
    closing.open();
    await daemon.stop();
    fake.close();
  };
  return { fake, daemon, state, errorOf, stop };
}

const unavailable = 'me.phyllo.Vgpu1.Error.Unavailable';

it('whoever goes on calling when the name is given back is refused, and keeps nothing from its end', async () => {
  const { fake, daemon, state, errorOf, stop } = await start();
  expect(await errorOf(1)).toBeUndefined();
  const released = daemon.release().then(() => void daemon.stop());
  await fake.until('ReleaseName', () => fake.calls.includes('ReleaseName'), timeoutMs);
  let serial = 1;
  while (!state.closes) await errorOf((serial += 1));
  expect(await errorOf(serial + 1)).toBe(unavailable);
  await released;
  await stop();
});

describe('a call that comes while the name is given back', () => {
  const idleMs = 20;

  async function startIdle() {
    const rig = await start(idleMs);
    await rig.daemon.idle();
    rig.fake.onCall = (member) => {
      if (member === 'ReleaseName') rig.fake.send(ping(1));
    };
    return rig;
  }

  it('is answered by the same vgpud, which has the name again', async () => {
    const { fake, daemon, errorOf, stop } = await startIdle();
    expect(await daemon.release()).toBe(false);
    expect(fake.calls.filter((member) => member === 'RequestName')).toHaveLength(2);
    await fake.answerTo(1, timeoutMs);
    expect(fake.errors.get(1)).toBeUndefined();
    expect(await errorOf(2)).toBeUndefined();
    await stop();
  });

  it('lets vgpud end at once where the next one has the name already', async () => {
    const { fake, daemon, errorOf, stop } = await startIdle();
    fake.nameIsTaken = true;
    expect(await daemon.release()).toBe(true);
    expect(await errorOf(2)).toBe(unavailable);
    await stop();
  });
});
