// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, parsePciAddress, parseUuid, readInventory, type EventPort, type HostPorts } from '@vgpu/core';
import { SeededRandom } from '@vgpu/core/testing';
import { describe, expect, it } from 'vitest';
import { buildObjects } from './objects/build-objects.js';
import type { ManagerState } from './objects/manager.js';
import { call, create, domainCall, domainWith, Gate, outcome, portsWith, vgpuCall } from './testing/calls.js';
import { domainPath, hostFile, makeDomain, makeHost, vgpuPath, vgpuUuid } from './testing/hosts.js';
import { settle, startService } from './testing/service.js';
import { watchPorts } from './testing/watch-ports.js';

const seed = Number(process.env['FUZZ_SEED'] || 1);
const steps = Number(process.env['FUZZ_ITERATIONS'] || 200);
const managerPath = '/me/phyllo/Vgpu1/manager';
const pci = { kind: 'pci', address: parsePciAddress('0000:00:00.0'), managed: true } as const;

/** A service, and what its ports are asked for after this step by the time that the call is answered. */
async function start() {
  const host = makeHost();
  const { ports, called } = watchPorts(host);
  const rig = await startService(ports);
  const askedAfter = (step: string) => [...new Set(called.slice(called.lastIndexOf(step) + 1))];
  return { ...rig, host, called, askedAfter };
}

/** Nobody tells of anything: nothing but the change itself leads to a reading. */
function silent({ events }: HostPorts): EventPort {
  return { onChange: () => () => undefined, onStatus: () => () => undefined, status: () => events.status() };
}

describe('after a change of our own', () => {
  it('only what may have changed is read again', async () => {
    const { service, askedAfter } = await start();
    await service.callMethod(create(vgpuUuid));
    expect(askedAfter('start')).toEqual(['listChanged']);
    await service.callMethod(vgpuCall('Stop'));
    expect(askedAfter('stop')).toEqual(['listChanged']);
    const assign = call('me.phyllo.Vgpu1.Domain', domainPath, 'AssignVgpu', [vgpuPath, {}]);
    await service.callMethod(assign);
    expect(askedAfter('apply')).toEqual(['listChanged']);
  });

  it('everything is read again where a step has failed: nobody knows what it did', async () => {
    const { service, host, askedAfter } = await start();
    host.failNext('nodeDevices', 'start', new DeviceError('TimedOut', 'no answer'), { applied: true });
    expect(await outcome(service.callMethod(create(vgpuUuid)))).toBeInstanceOf(DeviceError);
    expect(askedAfter('undefine')).toContain('list');
    expect(service.objects().has(vgpuPath)).toBe((await host.nodeDevices.list()).mdevs.length > 0);
  });

  it('everything is read before the answer with a machine that has a PCI device: its driver changes without a word', async () => {
    const stored = makeDomain().inactive;
    if (stored === undefined) throw new Error('not stored');
    const host = makeHost([makeDomain({ inactive: { ...stored, hostdevs: [pci] } })]);
    const driver = new Gate();
    const isRunning = async () => (await host.domains.list())[0]?.state === 'running';
    const list = async () => {
      if (await isRunning()) await driver.pass();
      return await host.nodeDevices.list();
    };
    const { service } = await startService({ ...portsWith(host, { list }), events: silent(host) });
    let isAnswered = false;
    const started = service.callMethod(domainCall('Start')).then(() => (isAnswered = true));
    await settle();
    expect([await isRunning(), driver.reached, isAnswered]).toEqual([true, true, false]);
    driver.open();
    await started;
  });
});

const uuids = Array.from({ length: 6 }, (_, index) => parseUuid(`7686131b-b229-4768-a02c-00000000000${index}`));
const vgpuPathOf = (uuid: string) => vgpuPath.replace(vgpuUuid.replaceAll('-', '_'), uuid.replaceAll('-', '_'));

const onDomain = (method: string, ...args: readonly unknown[]) =>
  call('me.phyllo.Vgpu1.Domain', domainPath, method, [...args, {}]);

/** Any call that may change something, whether it is refused or not. */
function randomCall(random: SeededRandom) {
  const uuid = random.pick(uuids);
  const onVgpu = (method: string, ...args: readonly unknown[]) =>
    call('me.phyllo.Vgpu1.Vgpu', vgpuPathOf(uuid), method, [...args, {}]);
  const isSet = { signature: 'b', value: random.below(2) === 0 };
  return random.pick([
    create(uuid, undefined, { persistent: isSet }),
    create(uuid, undefined, { start: isSet }),
    onVgpu('Start'),
    onVgpu('Stop'),
    onVgpu('Define'),
    onVgpu('Undefine'),
    onVgpu('SetAutostart', isSet.value),
    onDomain('AssignVgpu', vgpuPathOf(uuid)),
    onDomain('UnassignVgpu', vgpuPathOf(uuid)),
    onDomain('Start'),
    onDomain('ForceOff'),
  ]);
}

it(`what is shown when a call is answered is what everything read anew is (FUZZ_SEED=${seed})`, async () => {
  const random = new SeededRandom(seed);
  const host = makeHost([domainWith([])], hostFile);
  const { service } = await startService({ ...portsWith(host, {}), events: silent(host) });
  let done = 0;
  for (let step = 0; step < steps; step += 1) {
    const asked = randomCall(random);
    const error = await outcome(service.callMethod(asked));
    if (error === undefined) done += 1;
    await settle();
    const shown = new Map([...service.objects()].filter(([path]) => !path.includes('/operation/')));
    const manager = shown.get(managerPath)?.['me.phyllo.Vgpu1.Manager'];
    const whole = buildObjects(await readInventory(host), {} as ManagerState);
    const expected = new Map([...whole].filter(([path]) => path !== managerPath));
    expect(manager).toBeDefined();
    shown.delete(managerPath);
    expect(shown, `after step ${step}, ${asked.method}`).toEqual(expected);
  }
  expect(done).toBeGreaterThan(steps / 10);
});
