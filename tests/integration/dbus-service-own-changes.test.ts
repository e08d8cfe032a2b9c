// SPDX-License-Identifier: LGPL-2.1-or-later
import dbus from 'dbus-next';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { comparable, ObjectMirror } from './dbus-service-mirror.js';
import { domainPath as phyllome, gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

/** The one that can start: QEMU finds no vfio on an emulated host. */
const server = '/me/phyllo/Vgpu1/domain/b5a0c8de_52cf_4d0f_8a4e_0a6a8b6f7d22';
/** Each change waits for libvirt, and a machine starts among them. */
const allTimeoutMs = 120_000;

let host: EmulatedHost;
let mirror: ObjectMirror;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['vgpud'] });
  mirror = await ObjectMirror.connect(host.systemBusAddress);
});

afterAll(async () => {
  mirror?.[Symbol.dispose]();
  await host?.stop();
});

type Change = readonly [object: string, interfaceName: string, method: string, signature: string, args: unknown[]];

const flag = (value: boolean) => new dbus.Variant('b', value);
const create = (typeId: string, options: Readonly<Record<string, dbus.Variant>>): Change => {
  const all = { uuid: new dbus.Variant('s', uuid), ...options };
  return [gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', [typeId, all]];
};
const onVgpu = (method: string): Change => [vgpu, interfaces.vgpu, method, 'a{sv}', [{}]];
const autostart = (value: boolean): Change => [vgpu, interfaces.vgpu, 'SetAutostart', 'ba{sv}', [value, {}]];
const onServer = (method: string): Change => [server, interfaces.domain, method, 'a{sv}', [{}]];
const assignment = (method: string): Change => [phyllome, interfaces.domain, method, 'oa{sv}', [vgpu, {}]];

/** Every change, each on what the one before it left. */
const changes: readonly Change[] = [
  create('i915-GVTg_V5_4', {}),
  onVgpu('Stop'),
  autostart(true),
  autostart(false),
  assignment('AssignVgpu'),
  onServer('Start'),
  onServer('ForceOff'),
  assignment('UnassignVgpu'),
  onVgpu('Start'),
  onVgpu('Undefine'),
  onVgpu('Define'),
  onVgpu('Stop'),
  onVgpu('Undefine'),
  create('i915-GVTg_V5_8', { start: flag(false) }),
  onVgpu('Undefine'),
  create('i915-GVTg_V5_8', { persistent: flag(false) }),
  onVgpu('Stop'),
];

const shown = async () => comparable(await mirror.managedObjects());

describe('when a change is answered', () => {
  it(
    'everything is shown as a reading of everything shows it, and was told to who listens',
    async () => {
      const counts = new Set<string>();
      for (const [path, interfaceName, method, signature, args] of changes) {
        await mirror.call(path, interfaceName, method, signature, args);
        const answered = await shown();
        expect(comparable(mirror.objects), `signals of ${method}`).toEqual(answered);
        counts.add(
          JSON.stringify(mirror.value(gpu.replace('/gpu/', '/pci/'), interfaces.mdevParent, 'AvailableInstances')),
        );
        await mirror.call(managerPath, interfaces.manager, 'Refresh', 'a{sv}', [{}]);
        expect(answered, `after ${method}`).toEqual(await shown());
      }
      // The types that share the memory with it have moved with it.
      expect(counts.size).toBeGreaterThanOrEqual(3);
    },
    allTimeoutMs,
  );
});
