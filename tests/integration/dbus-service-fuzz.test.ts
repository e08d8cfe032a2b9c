// SPDX-License-Identifier: LGPL-2.1-or-later
// FUZZ_MESSAGES and FUZZ_SEED say how many messages are sent, and which; `npm run soak` sends a million.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interfaces } from '@vgpu/dbus-service/protocol';
import dbus from 'dbus-next';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually } from '../emulated-host/testing.js';
import { ObjectMirror } from './dbus-service-mirror.js';
import { fuzzMaterial, hostState, processId, residentMiB, runHostile, SecondClient, victims } from './hostile-host.js';
import { gpuPath as gpu, uuid } from './seed-page.js';

const messages = Number(process.env['FUZZ_MESSAGES'] || 100_000);
const warmUp = 5_000;
const asRoot = 500;
const seed = Number(process.env['FUZZ_SEED'] || Math.floor(Math.random() * 1e9));
/** A message takes less than a ms on two free cores. */
const timeoutMs = 120_000 + messages * 10;
/** Another caller waits that long at most, while 192 calls of the fuzzer wait with his. */
const othersTimeoutMs = 15_000;
const settleTimeoutMs = 60_000;

interface Outcome {
  readonly sent: number;
  readonly answered: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

let host: EmulatedHost;
let material: string;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['vgpud'] });
  using mirror = await ObjectMirror.connect(host.systemBusAddress);
  const options = { uuid: new dbus.Variant('s', uuid) };
  await mirror.call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_4', options]);
  material = fuzzMaterial(mirror);
});

afterAll(() => host?.stop());

async function fuzz(user: string, chosen: number, count: number): Promise<Outcome> {
  const { stdout, stderr } = await runHostile(host, 'fuzz.py', [user, String(chosen), String(count)], material);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Outcome;
}

/** What vgpud did not expect, as its log says it. */
function unnamedErrors(): readonly string[] {
  return host.log('vgpud').match(/^.*\] internal error.*$/gm) ?? [];
}

const internal = 'me.phyllo.Vgpu1.Error.Internal';

describe(`random messages, FUZZ_SEED=${seed}`, () => {
  it(`${messages} of a user without any right are answered and change nothing`, { timeout: timeoutMs }, async () => {
    const before = await hostState(host);
    const process = processId(host);
    await fuzz('nobody', seed - 1, warmUp);
    const memory = residentMiB(host);
    using other = new SecondClient(host);
    const start = performance.now();
    const outcome = await fuzz('nobody', seed, messages);
    const seconds = (performance.now() - start) / 1000;
    const others = await other.times();
    expect(outcome.wrong).toEqual([]);
    expect(outcome.sent).toBe(messages);
    expect(outcome.errors[internal]).toBeUndefined();
    // Most of them reach vgpud and are well enough formed for an answer of its own.
    expect(outcome.answered).toBeGreaterThan(messages * 0.8);
    expect(Object.keys(outcome.errors).length).toBeGreaterThan(8);
    expect(processId(host)).toBe(process);
    expect(others.longestMs).toBeLessThan(othersTimeoutMs);
    expect(await hostState(host)).toEqual(before);
    await eventually(
      'the memory comes back',
      () => expect(residentMiB(host)).toBeLessThan(memory * 1.5 + 32),
      settleTimeoutMs,
    );
    const figures = { seconds, ...others, memory, memoryAtEnd: residentMiB(host), ...outcome };
    console.log(
      JSON.stringify(figures, (_key, value: unknown) => (typeof value === 'number' ? Math.round(value) : value)),
    );
  });

  it(`${asRoot} of root are answered, and nothing lands where a value points to`, { timeout: timeoutMs }, async () => {
    const outcome = await fuzz('root', seed, asRoot);
    expect(outcome.wrong).toEqual([]);
    // He gives vGPUs to machines and starts them: that libvirt refuses without a reason is Internal, too, but has a name.
    expect(unnamedErrors()).toEqual([]);
    expect(await victims(host)).toBe('');
  });
});
