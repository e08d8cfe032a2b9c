// SPDX-License-Identifier: LGPL-2.1-or-later
import dbus from 'dbus-next';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { contract, interfaces, managerPath, type ContractInterface } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually, run } from '../emulated-host/testing.js';
import { ObjectMirror } from './dbus-service-mirror.js';
import {
  hostState,
  mostThreads,
  peakMiB,
  resetPeak,
  residentMiB,
  runHostile,
  SecondClient,
  threadsOf,
  victims,
} from './hostile-host.js';

/** Another caller waits that long at most, whatever somebody else does. */
const othersTimeoutMs = 15_000;
const settleTimeoutMs = 60_000;
/** libvirt 11 takes some seconds for 600 definitions. */
const storedTimeoutMs = 90_000;
/** Resident memory after a hostile caller, by that before; the collector gives pages back when it likes to. */
const memoryFactor = 2;
/** What a flood may take; the unit's MemoryMax is 512. */
const maxFloodMiB = 300;
/** Who pings and asks for everything, beside somebody who never reads. */
const maxWaitSeconds = 10;
/** Threads that previews may take, beside those of the changes: two have a connection each, and some end late. */
const maxDiffThreads = 8;
/** What one hostile caller can make vgpud write, in characters. */
const maxLogGrowth = 10_000;
const testTimeoutMs = 240_000;
const limits = 'org.freedesktop.DBus.Error.LimitsExceeded';
const invalid = 'me.phyllo.Vgpu1.Error.InvalidArgument';

/** As mdevctl stores them (mdevctl(8), "Files"). */
const storeVgpus = `
import os, sys, uuid
folder = "/etc/mdevctl.d/0000:00:02.0"
os.makedirs(folder, exist_ok=True)
for number in range(int(sys.argv[1])):
    name = str(uuid.UUID(int=(1 << 100) + (0x4000 << 64) + (0x8000 << 48) + number))
    with open(os.path.join(folder, name), "w") as file:
        file.write('{"mdev_type":"i915-GVTg_V5_8","start":"manual","attrs":[]}')
`;
import { domainPath as phyllome, gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

let host: EmulatedHost;
let mirror: ObjectMirror;
let other: SecondClient;
let before: { readonly state: unknown; readonly memory: number; readonly log: number };

/** A host on which that many more vGPUs are stored, for the tests of one group. */
function useHost(definitions: number): void {
  beforeAll(async () => {
    host = await startEmulatedHost('seed-page', { services: ['vgpud'] });
    mirror = await ObjectMirror.connect(host.systemBusAddress);
    // First: libvirt is busy with the others for a while.
    const options = { uuid: new dbus.Variant('s', uuid) };
    await mirror.call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_4', options]);
    if (definitions > 0) await run(host, '/usr/bin/python3', ['-c', storeVgpus, String(definitions)]);
    await mirror.until('all vGPUs', () => mirror.objects.size > definitions, storedTimeoutMs);
  }, testTimeoutMs);

  afterAll(async () => {
    mirror?.[Symbol.dispose]();
    await host?.stop();
  });

  beforeEach(async () => {
    before = { state: await hostState(host), memory: residentMiB(host), log: logLength() };
    other = new SecondClient(host);
  });

  afterEach(expectNoHarm);
}

const logLength = () => host.log('vgpud').length;

/** Whatever happened: others were served meanwhile, nothing has changed, and the memory comes back. */
async function expectNoHarm(): Promise<void> {
  const { longestMs, count } = await other.times();
  other[Symbol.dispose]();
  expect(count).toBeGreaterThan(0);
  expect(longestMs).toBeLessThan(othersTimeoutMs);
  expect(await hostState(host)).toEqual(before.state);
  expect(await victims(host)).toBe('');
  expect(logLength() - before.log).toBeLessThan(maxLogGrowth);
  await eventually(
    'the memory comes back',
    () => expect(residentMiB(host)).toBeLessThan(before.memory * memoryFactor),
    settleTimeoutMs,
  );
}

async function caller(name: string, user = 'nobody'): Promise<unknown> {
  const { stdout, stderr } = await runHostile(host, 'callers.py', [user, name]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe.each([0, 600])('beside %i stored vGPUs, a caller who', { timeout: testTimeoutMs }, (definitions) => {
  useHost(definitions);

  it('sends messages that are none is cut off by the bus', async () => {
    expect(await caller('malformed')).toEqual([]);
  });

  it('sends 10,000 calls at once gets 10,000 answers', async () => {
    const answers = (await caller('pipelined')) as Record<string, number>;
    expect(Object.values(answers).reduce((sum, count) => sum + count, 0)).toBe(10_000);
    // What is over the bus's limit of calls that wait is answered by the bus.
    const kinds = ['', limits, 'org.freedesktop.DBus.Error.UnknownMethod', 'org.freedesktop.DBus.Error.UnknownObject'];
    expect(kinds).toEqual(expect.arrayContaining(Object.keys(answers)));
    expect(answers['']).toBeGreaterThan(100);
  });

  it('never reads an answer, over a hundred connections, holds up nobody and takes little memory', async () => {
    resetPeak(host);
    expect(await caller('unread')).toBeLessThan(maxWaitSeconds);
    expect(peakMiB(host)).toBeLessThan(maxFloodMiB);
  });

  it('asks for everything faster than it reads takes little memory', async () => {
    resetPeak(host);
    expect(await caller('reading')).toBe(500);
    expect(peakMiB(host)).toBeLessThan(maxFloodMiB);
  });

  it('asks for previews without end keeps nobody from changes', async () => {
    expect(await caller('previews')).toEqual([]);
  });

  it('asks for many diffs at once gets them all, and takes few threads', async () => {
    const few = threadsOf(host);
    const count = caller('diffs', 'root');
    const most = mostThreads(host, count);
    expect(await count).toBe(128);
    expect((await most) - few).toBeLessThanOrEqual(maxDiffThreads);
  });

  it('leaves in the middle leaves nothing behind', async () => {
    expect(await caller('vanishing')).toBe(200);
    expect(await caller('vanishing', 'root')).toBe(200);
  });

  it('sends texts of any length gets a short answer', async () => {
    const unknown = 'org.freedesktop.DBus.Error.UnknownProperty';
    expect(await caller('huge')).toEqual([
      [4000, invalid, unknown, invalid],
      [60_000, invalid, limits, invalid],
      ...[70_000, 4_000_000, 30_000_000].map((size) => [size, limits, limits, limits]),
    ]);
  });

  it('floods with what costs most to decode takes neither the memory nor the time of others', async () => {
    resetPeak(host);
    expect(await caller('flood')).toBe(3200);
    const peak = peakMiB(host);
    expect(peak).toBeLessThan(maxFloodMiB);
  });

  it('names options as JavaScript names its own is refused', async () => {
    const answers = (await caller('odd_keys', 'root')) as Record<string, string>;
    expect(new Set(Object.values(answers))).toEqual(new Set([invalid]));
    expect(Object.keys(answers)).toHaveLength(31);
  });
});

/** Nothing that any argument or option may be. */
const hostileTexts = [
  '/etc/victim',
  '../../../../etc/victim',
  'victim/../../victim',
  '..',
  ' ',
  'a\nb',
  '\u007f',
  '\u001b[2J',
  '\u202egpj.exe',
  '\u2066x',
  '\u{e0041}',
  '$(touch /etc/victim)',
  '%s%n',
  '<hostdev/>',
  '\'"',
  'x'.repeat(5000),
  `${uuid}\n`,
  `{${uuid}}`,
  `urn:uuid:${uuid}`,
  uuid.replaceAll('-', ''),
  `${uuid}/../x`,
  'i915-GVTg_V5_4/../i915-GVTg_V5_1',
  '0000:00:02.0/victim',
];
const hostilePaths = [
  '/',
  '/etc/victim',
  gpu,
  `${vgpu}_`,
  '/me/phyllo/Vgpu1/vgpu/__proto__',
  '/me/phyllo/Vgpu1/domain/x',
];
const text = (value: string) => new dbus.Variant('s', value);

/** A hostile value of that type for each text. */
const hostileValues: Readonly<Record<string, (value: string) => unknown>> = {
  s: (value) => value,
  'a(ss)': (value) => [[value, '1']],
  'a{sv}': (value) => ({ [value]: text(value) }),
  as: (value) => [value],
};
const right: Readonly<Record<string, unknown>> = { s: 'i915-GVTg_V5_4', o: vgpu, b: true, 'a{sv}': {}, av: [] };
/** Of the vGPU that was made. */
const operation = () => [...mirror.objects.keys()].find((path) => path.includes('/operation/')) ?? '';
const pathByInterface = (): Readonly<Record<string, string>> => ({
  [interfaces.manager]: managerPath,
  [interfaces.gpu]: gpu,
  [interfaces.vgpu]: vgpu,
  [interfaces.domain]: phyllome,
  [interfaces.operation]: operation(),
});

interface Attempt {
  readonly where: string;
  readonly call: Parameters<ObjectMirror['call']>;
}

/** What the id of an operation may be; it is never used for anything but to compare. */
function isOperationId(value: unknown): boolean {
  return typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value);
}

/** Every argument of every method and every option, with every hostile value; all others are right. */
function attempts(): Attempt[] {
  const contracts: Readonly<Record<string, ContractInterface>> = contract;
  const paths = pathByInterface();
  return Object.entries(contracts).flatMap(([name, { methods }]) =>
    Object.entries(methods).flatMap(([member, spec]) => {
      const signature = spec.in.map((arg) => arg.type).join('');
      const path = paths[name] ?? '';
      const send = (index: number, values: readonly unknown[], what: string): Attempt[] =>
        values.map((value) => {
          const args = spec.in.map((arg, at) => (at === index ? value : right[arg.type]));
          return { where: `${member} ${what} ${JSON.stringify(value)}`, call: [path, name, member, signature, args] };
        });
      const inArguments = spec.in.flatMap((arg, index) => {
        const values = arg.type === 'o' ? hostilePaths : hostileTexts.map(hostileValues[arg.type] ?? (() => undefined));
        return send(
          index,
          values.filter((value) => value !== undefined),
          arg.name,
        );
      });
      const inOptions = Object.entries(spec.options).flatMap(([option, type]) => {
        const values = hostileTexts
          .map(hostileValues[type] ?? (() => undefined))
          .filter((value) => value !== undefined && !(option === 'operation_id' && isOperationId(value)));
        const options = values.map((value) => ({ [option]: new dbus.Variant(type, value) }));
        return send(spec.in.length - 1, options, option);
      });
      return [...inArguments, ...inOptions];
    }),
  );
}

describe('a hostile value, also of root', { timeout: testTimeoutMs }, () => {
  useHost(0);

  it('there are values for every way in', () => {
    expect(attempts().length).toBeGreaterThan(300);
  });

  it('is refused at every argument and every option', async () => {
    const taken: string[] = [];
    const refusals = new Set<string>();
    for (const { where, call } of attempts()) {
      try {
        await mirror.call(...call);
        taken.push(where);
      } catch (error) {
        refusals.add(error instanceof dbus.DBusError ? error.type : String(error));
      }
    }
    // A vGPU that does not exist is nowhere: that is an answer.
    expect(taken).toEqual([]);
    expect([...refusals].toSorted()).toEqual([
      'me.phyllo.Vgpu1.Error.InvalidArgument',
      'me.phyllo.Vgpu1.Error.NotFound',
    ]);
  });

  it('is refused as the value of an attribute', async () => {
    for (const value of ['1\n2', 'a\u0000b'.replace('\u0000', '\u0001'), '\u202e', 'x'.repeat(10_000)]) {
      const attributes = new dbus.Variant('a(ss)', [['max_frames', value]]);
      const create = mirror.call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_8', { attributes }]);
      await expect(create).rejects.toMatchObject({ type: invalid });
    }
  });

  it('is refused where somebody else has stored it on the host', async () => {
    const odd = '11111111-2222-4333-8444-555555555555';
    const path = vgpu.replace(uuid.replaceAll('-', '_'), odd.replaceAll('-', '_'));
    const file = `/etc/mdevctl.d/0000:00:02.0/${odd}`;
    const definition = { mdev_type: 'i915-GVTg_V5_8', start: 'manual', attrs: [{ '/etc/victim': 'x' }] };
    await run(host, 'tee', [file], { input: JSON.stringify(definition) });
    try {
      await mirror.until('the definition', () => mirror.objects.has(path));
      const start = mirror.call(path, interfaces.vgpu, 'Start', 'a{sv}', [{}]);
      await expect(start).rejects.toMatchObject({
        type: expect.stringMatching(/InvalidState$/) as string,
      });
    } finally {
      await run(host, 'rm', [file]);
      await mirror.until('the end of it', () => !mirror.objects.has(path));
    }
  });
});
