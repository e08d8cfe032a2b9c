// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, expect, it } from 'vitest';
import dbus from 'dbus-next';
import { contract, interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually } from '../emulated-host/testing.js';
import { ObjectMirror } from './dbus-service-mirror.js';
import { journey } from './journey.js';
import { domainPath as phyllome, gpuPath as gpu, uuid, vgpuPath as vgpu } from './seed-page.js';

const server = '/me/phyllo/Vgpu1/domain/b5a0c8de_52cf_4d0f_8a4e_0a6a8b6f7d22';
const operations = '/me/phyllo/Vgpu1/operation/';
const text = (value: string) => new dbus.Variant('s', value);

let host: EmulatedHost;
let mirror: ObjectMirror;
const called = new Set<string>();

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['vgpud'], traceVgpud: true });
  mirror = await ObjectMirror.connect(host.systemBusAddress);
});

afterAll(async () => {
  mirror?.[Symbol.dispose]();
  await host?.stop();
});

function call(path: string, name: string, method: string, signature: string, args: unknown[]) {
  called.add(`${name}.${method}`);
  return mirror.call(path, name, method, signature, args);
}

/** The error's name, or `done`. */
async function outcome(...args: Parameters<typeof call>): Promise<string> {
  return call(...args).then(
    () => 'done',
    (error: unknown) => (error instanceof dbus.DBusError ? error.type : String(error)),
  );
}

const vgpuCall = (method: string) => call(vgpu, interfaces.vgpu, method, 'a{sv}', [{}]);

async function running(): Promise<void> {
  await eventually('vgpud follows libvirt', () => {
    expect(mirror.value(managerPath, interfaces.manager, 'Connected')).toBe(true);
    expect(mirror.value(managerPath, interfaces.manager, 'Stale')).toBe(false);
  });
}

it('vgpud runs no program, whatever is asked of it and whatever it loses', { timeout: 180_000 }, async () => {
  await journey({
    'a vGPU is made, stopped and started': async () => {
      await call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_4', { uuid: text(uuid) }]);
      await vgpuCall('Stop');
      await vgpuCall('Start');
      await call(vgpu, interfaces.vgpu, 'SetAutostart', 'ba{sv}', [true, {}]);
    },
    'a machine gets it, cannot start with it here, and gives it back': async () => {
      const preview = [phyllome, interfaces.domain, 'AssignVgpu', [new dbus.Variant('o', vgpu)]] as const;
      await call(managerPath, interfaces.manager, 'Preview', 'ossav', [
        ...preview.slice(0, 3),
        [...preview[3], new dbus.Variant('a{sv}', {})],
      ]);
      await call(phyllome, interfaces.domain, 'AssignVgpu', 'oa{sv}', [vgpu, {}]);
      expect(await outcome(phyllome, interfaces.domain, 'Start', 'a{sv}', [{}])).toMatch(/^me\.phyllo\.Vgpu1\.Error/);
      await call(phyllome, interfaces.domain, 'UnassignVgpu', 'oa{sv}', [vgpu, {}]);
    },
    'another machine starts and ends': async () => {
      await call(server, interfaces.domain, 'Start', 'a{sv}', [{}]);
      expect(mirror.value(server, interfaces.domain, 'State')).toBe('running');
      expect(await outcome(server, interfaces.domain, 'Shutdown', 'a{sv}', [{}])).toBe('done');
      expect(await outcome(server, interfaces.domain, 'ForceOff', 'a{sv}', [{}])).toMatch(/done|InvalidState/);
    },
    'what changed is looked at': async () => {
      await call(managerPath, interfaces.manager, 'Refresh', 'a{sv}', [{}]);
      expect(await call(managerPath, interfaces.manager, 'FindVgpus', 's', [uuid])).toEqual([[vgpu]]);
      const operation = [...mirror.objects.keys()].find((path) => path.startsWith(operations)) ?? '';
      expect(await outcome(operation, interfaces.operation, 'Cancel', 'a{sv}', [{}])).toMatch(/InvalidState/);
    },
    'libvirtd ends and comes back': async () => {
      await host.killLibvirtd();
      await host.startLibvirtd();
      await running();
      await vgpuCall('Stop');
      await vgpuCall('Undefine');
      expect(await outcome(vgpu, interfaces.vgpu, 'Define', 'a{sv}', [{}])).toMatch(/UnknownObject/);
    },
    'a transient vGPU is stored': async () => {
      const transient = { uuid: text(uuid), persistent: new dbus.Variant('b', false) };
      await call(gpu, interfaces.gpu, 'CreateVgpu', 'sa{sv}', ['i915-GVTg_V5_4', transient]);
      await vgpuCall('Define');
    },
    'every method there is was called': async () => {
      const all = Object.entries(contract).flatMap(([name, { methods }]) =>
        Object.keys(methods).map((method) => `${name}.${method}`),
      );
      expect([...called].toSorted()).toEqual(all.toSorted());
    },
    'it is asked to end, and starts again': async () => {
      mirror[Symbol.dispose]();
      await host.killService('vgpud', 'SIGTERM');
      await host.startService('vgpud');
    },
    'the bus is lost': async () => {
      await host.killService('bus');
      await eventually('the end of vgpud', () => expect(host.log('vgpud')).toContain('the bus is lost'));
      const gone = await host.exec('sh', [
        '-c',
        'while kill -0 $(cat /run/emulated-host/pid/vgpud); do sleep 0.05; done 2>/dev/null',
      ]);
      expect(gone.status).toBe(0);
    },
  });
  const own = [
    expect.stringContaining('/bin/node", ["/run/emulated-host/bin/node", "--disable-proto=delete"') as string,
  ];
  expect(host.programs()).toEqual([own, own]);
});
