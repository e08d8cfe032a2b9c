// SPDX-License-Identifier: LGPL-2.1-or-later
import dbus from 'dbus-next';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { run } from '../emulated-host/testing.js';
import { DesktopClient } from './dbus-service-client.js';
import { comparable, ObjectMirror } from './dbus-service-mirror.js';
import { SecondClient } from './hostile-host.js';
import { gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

const other = '11111111-2222-4333-8444-555555555555';
const notAuthorized = 'me.phyllo.Vgpu1.Error.NotAuthorized';
const limits = 'org.freedesktop.DBus.Error.LimitsExceeded';
/** What vgpud keeps of one user. */
const maxOperationsPerUser = 64;
/** So many dialogs of one user are open at a time, and each is shown after half a second. */
const maxDialogsShownPerSecond = 4 / 0.5;
const callers = 4;
/** Each caller has so many calls under way, all that vgpud allows. */
const atOnce = 32;
/** Another caller waits that long at most for a Ping and a property, while up to 128 calls wait with his. */
const othersTimeoutMs = 15_000;
/** Of a call in the flood. */
const callTimeoutMs = 60_000;
const floodTimeoutMs = 120_000;

let host: EmulatedHost;
let mirror: ObjectMirror;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
  mirror = await ObjectMirror.connect(host.systemBusAddress);
});

afterAll(async () => {
  mirror?.[Symbol.dispose]();
  await host?.stop();
});

const create = (of: string) => {
  const options = { uuid: new dbus.Variant('s', of) };
  return mirror.call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_8', options]);
};

beforeEach(() => create(uuid));

afterEach(async () => {
  for (const { uuid: active } of (await host.kernelState()).mdevs) await run(host, 'mdevctl', ['stop', '-u', active]);
  for (const each of [uuid, other]) await host.exec('mdevctl', ['undefine', '-u', each]);
  await mirror.until('no vGPU left', () => ![...mirror.objects.values()].some((object) => interfaces.vgpu in object));
});

interface Flood {
  /** How many calls there were. */
  readonly asked: number;
  /** How many calls ended with each error; '' for an answer. */
  readonly errors: Readonly<Record<string, number>>;
  /** The signals that were heard about operations, as `added`, `changed` and `removed`. */
  readonly signals: readonly string[];
  /** The most operations that were shown at one time, of two users. */
  readonly mostShown: number;
  readonly seconds: number;
}

/** As many calls at once as vgpud allows, until there were so many and `meanwhile` is done. */
async function flood(
  user: string,
  method: 'Start' | 'Stop',
  count: number,
  meanwhile: () => Promise<void>,
): Promise<Flood> {
  let shown = [...mirror.objects.keys()].filter(isOperation).length;
  const heardBefore = mirror.heard.length;
  const errors: Record<string, number> = {};
  const begin = performance.now();
  let asked = 0;
  const others = { areServed: false };
  const keepCalling = async (client: DesktopClient) => {
    while (asked < count || !others.areServed) {
      asked += 1;
      const { error = '' } = await client.call(vgpu, interfaces.vgpu, method, '(@a{sv} {},)', callTimeoutMs);
      errors[error] = (errors[error] ?? 0) + 1;
    }
  };
  const clients = await Promise.all(Array.from({ length: callers }, () => DesktopClient.start(host, user)));
  const calls = clients.flatMap((client) => Array.from({ length: atOnce }, () => keepCalling(client)));
  await meanwhile().finally(() => (others.areServed = true));
  await Promise.all(calls);
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(clients.map((client) => client.leave()));
  // The answers have come after all signals of the changes; this one comes after those to who listens.
  expect(comparable(await mirror.managedObjects())).toEqual(comparable(mirror.objects));
  let mostShown = shown;
  const signals = mirror.heard.slice(heardBefore).flatMap((line) => {
    const [word = '', path = ''] = line.split(' ');
    if (!isOperation(path)) return [];
    if (word === 'added') shown += 1;
    if (word === 'removed') shown -= 1;
    mostShown = Math.max(mostShown, shown);
    return [word];
  });
  return { asked, errors, signals, mostShown, seconds };
}

const isOperation = (path: string) => path.includes('/operation/');
const ofCaller = (uid: number) =>
  [...mirror.objects.values()].filter((object) => object[interfaces.operation]?.['CallerUid']?.value === uid).length;
const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

describe('a flood of changes that are refused', { timeout: floodTimeoutMs }, () => {
  it('to whoever may not make them is told as often as dialogs can be open, and others are served', async () => {
    using second = new SecondClient(host);
    const { asked, errors, signals, mostShown, seconds } = await flood('nobody', 'Stop', 2000, async () => {
      await create(other);
    });
    const { longestMs } = await second.times();
    expect(sum(errors)).toBe(asked);
    expect([notAuthorized, limits]).toEqual(expect.arrayContaining(Object.keys(errors)));
    // Where polkit is so busy that it takes half a second to say no, nobody can tell that from an open dialog.
    const mostRefused = maxDialogsShownPerSecond * seconds;
    const added = signals.filter((word) => word === 'added').length;
    expect(added).toBeLessThanOrEqual(1 + mostRefused);
    // It appears, fails and makes room; the one that was made meanwhile begins, runs and ends each of two steps.
    expect(signals.length).toBeLessThanOrEqual(8 + 3 * (added - 1));
    expect(mostShown).toBeLessThanOrEqual(2 * maxOperationsPerUser);
    expect(ofCaller(65534)).toBeLessThanOrEqual(maxOperationsPerUser);
    expect(longestMs).toBeLessThan(othersTimeoutMs);
    expect((await host.kernelState()).mdevs.map((mdev) => mdev.uuid).toSorted()).toEqual([other, uuid]);
  });

  it('to whoever may make others is told a few times each, and no more than 64 are kept', async () => {
    using second = new SecondClient(host);
    await using reader = await DesktopClient.start(host, 'nobody');
    // It is active already.
    const { asked, errors, signals, mostShown } = await flood('root', 'Start', 200, async () => {
      for (let index = 0; index < 10; index += 1) {
        const { reply } = await reader.call(managerPath, interfaces.manager, 'FindVgpus', `('${uuid}',)`);
        expect(reply).toBe(`(['${vgpu}'],)`);
      }
    });
    const { longestMs } = await second.times();
    expect(sum(errors)).toBe(asked);
    expect(['me.phyllo.Vgpu1.Error.InvalidState', limits]).toEqual(expect.arrayContaining(Object.keys(errors)));
    // It appears, fails and makes room.
    expect(signals.length).toBeLessThanOrEqual(3 * asked);
    expect(mostShown).toBeLessThanOrEqual(2 * maxOperationsPerUser);
    expect(ofCaller(0)).toBe(maxOperationsPerUser);
    expect(longestMs).toBeLessThan(othersTimeoutMs);
  });
});
