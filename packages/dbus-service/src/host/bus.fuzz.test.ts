// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes that no bus would deliver, over a real socket into the real Bus and a service on a host in memory.
import { expect, it } from 'vitest';
import { SeededRandom } from '@vgpu/core/testing';
import { contract } from '../protocol/contract.js';
import type { ContractInterface } from '../protocol/contract-types.js';
import { FakeBus, formatMessage, formatText, pad, uint32, type Field } from '../testing/fake-bus.js';
import { makeHost } from '../testing/hosts.js';
import { CollectingLog, startService } from '../testing/service.js';
import { Bus } from './bus.js';
import { dispatch, refuse, type DispatchTarget } from './dispatch.js';
import { align, fixedHeaderLength, messageType, readFixedHeader } from './message-header.js';

const iterations = Number(process.env['FUZZ_ITERATIONS'] || 2_000);
const seed = Number(process.env['FUZZ_SEED'] || Math.floor(Math.random() * 1e9));
const timeoutMs = 60_000 + iterations * 20;
const answerTimeoutMs = 10_000;
/** Messages before it is asked whether all is well. */
const batch = 50;
const peer = 'org.freedesktop.DBus.Peer';

async function start() {
  const host = makeHost();
  const rig = await startService(host);
  rig.authorizer.decision = 'denied';
  const fake = new FakeBus();
  await fake.listen();
  const log = new CollectingLog();
  const bus = await Bus.connect(fake.address, (text, error) => log.error(text, error));
  const target: DispatchTarget = {
    objects: () => rig.service.objects(),
    callMethod: (call) => rig.service.callMethod(call),
    log,
  };
  bus.handleCalls({ refuse: (call) => refuse(call, target), answer: (call) => dispatch(call, target) });
  const state = async () => [await host.nodeDevices.list(), await host.domains.list()];
  const stop = async () => {
    await bus.close();
    fake.close();
  };
  return { fake, bus, log, state, stop, paths: [...rig.service.objects().keys()] };
}

function fieldsOf(path: string, interfaceName: string, member: string, signature: string): Field[] {
  const fields: Field[] = [
    [1, 'o', path],
    [2, 's', interfaceName],
    [3, 's', member],
    [6, 's', ':1.1'],
    [7, 's', ':1.9'],
  ];
  return signature === '' ? fields : [...fields, [8, 'g', signature]];
}

/** A right value of each type that arguments have. */
function formatArgument(type: string, body: Buffer): Buffer {
  switch (type) {
    case 'b':
      return Buffer.concat([pad(body, 4), uint32(1)]);
    case 's':
    case 'o':
      return Buffer.concat([pad(body, 4), formatText('s', type === 'o' ? '/me/phyllo/Vgpu1' : 'x')]);
    case 'a{sv}': {
      const entry = Buffer.concat([pad(formatText('s', 'uuid'), 1), formatText('g', 's')]);
      const dictionary = Buffer.concat([pad(entry, 4), formatText('s', 'x')]);
      return Buffer.concat([pad(Buffer.concat([pad(body, 4), uint32(dictionary.length)]), 8), dictionary]);
    }
    default:
      return Buffer.concat([pad(body, 4), uint32(0)]);
  }
}

/** One right call of every method. */
function seeds(paths: readonly string[]): readonly ((random: SeededRandom, serial: number) => Buffer)[] {
  const contracts: Readonly<Record<string, ContractInterface>> = contract;
  const properties = 'org.freedesktop.DBus.Properties';
  const all: (readonly [string, string, readonly string[]])[] = [
    [peer, 'Ping', []],
    ['org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', []],
    [properties, 'Get', ['s', 's']],
    [properties, 'GetAll', ['s']],
    ...Object.entries(contracts).flatMap(([name, { methods }]) =>
      Object.entries(methods).map(([member, spec]) => [name, member, spec.in.map((arg) => arg.type)] as const),
    ),
  ];
  return all.map(([name, member, types]) => (random, serial) => {
    let body: Buffer = Buffer.alloc(0);
    for (const type of types) body = formatArgument(type, body);
    return formatMessage(
      messageType.methodCall,
      serial,
      fieldsOf(random.pick(paths), name, member, types.join('')),
      body,
    );
  });
}

/** Changes anything but the lengths of header and body, which the bus knows itself. */
function mutate(message: Buffer, random: SeededRandom): Buffer {
  let bytes = Buffer.from(message);
  for (let count = random.below(4); count >= 0; count -= 1) {
    const at = fixedHeaderLength + random.below(bytes.length - fixedHeaderLength);
    switch (random.below(7)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = random.pick([0, 1, 2, 0x7f, 0x80, 0xff]);
        break;
      case 2:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE(random.pick([0, 1, 0xffff, 0x7fff_ffff, 0xffff_ffff]), at);
        break;
      case 3:
        bytes[1] = random.below(8);
        break;
      case 4:
        bytes[2] = random.below(256);
        break;
      case 5:
        // A header that ends earlier; what was behind it is the body.
        bytes.writeUInt32LE(random.below(readFixedHeader(bytes).fieldsLength + 1), 12);
        break;
      default:
        bytes = Buffer.concat([bytes, Buffer.alloc(random.below(200), random.below(256))]);
    }
    const { fieldsLength } = readFixedHeader(bytes);
    bytes.writeUInt32LE(bytes.length - fixedHeaderLength - align(fieldsLength, 8), 4);
  }
  return bytes;
}

it(
  `mutated messages are answered once at most, and those after them too, FUZZ_SEED=${seed}`,
  { timeout: timeoutMs },
  async () => {
    const { fake, state, stop, paths, bus } = await start();
    const before = await state();
    const random = new SeededRandom(seed);
    const all = seeds(paths);
    let serial = 1;
    const pings: number[] = [];
    const ping = async () => {
      pings.push(++serial);
      fake.send(formatMessage(messageType.methodCall, serial, fieldsOf(paths[0] ?? '/', peer, 'Ping', '')));
      await fake.answerTo(serial, answerTimeoutMs);
    };
    for (let sent = 0; sent < iterations; sent += batch) {
      const messages = Array.from({ length: batch }, () => mutate(random.pick(all)(random, ++serial), random));
      const stream = Buffer.concat(messages);
      // In pieces, as a socket has them.
      const cut = random.below(stream.length);
      fake.send(stream.subarray(0, cut));
      fake.send(stream.subarray(cut));
      await ping();
    }
    await bus.answered();
    await ping();
    const answers = [...fake.answers.values()];
    expect(answers.filter((count) => count !== 1)).toEqual([]);
    expect(pings.filter((each) => fake.answers.get(each) !== 1)).toEqual([]);
    // A good part is still right enough for an answer.
    expect(answers.length - pings.length).toBeGreaterThan(iterations / 5);
    expect(await state()).toEqual(before);
    await stop();
  },
);

it(`noise ends nothing but its own connection, FUZZ_SEED=${seed}`, { timeout: timeoutMs }, async () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < Math.ceil(iterations / 200); round += 1) {
    const { fake, stop, bus } = await start();
    const noise = Buffer.from(Array.from({ length: 1 + random.below(20_000) }, () => random.below(256)));
    // Mostly it looks like the begin of a message.
    if (random.below(4) > 0) noise[0] = random.pick([0x6c, 0x42]);
    fake.send(noise);
    fake.send(Buffer.alloc(100_000));
    await bus.answered();
    await stop();
    expect(fake.answers.size).toBe(0);
  }
});
