// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import type { EmulatedHost } from '../emulated-host/index.js';
import { comparable, type ObjectMirror } from './dbus-service-mirror.js';
import { MirroredHost } from './mirrored-host.js';
import { domainPath, gpuPath, parent, typeId, uuid, vgpuPath } from './seed-page.js';

const type4 = `${gpuPath}/type/i915_2dGVTg_5fV5_5f4`;
const extra = '/me/phyllo/Vgpu1/domain/a1b2c3d4_0000_4000_8000_00000000abcd';

let machine: MirroredHost;
let host: EmulatedHost;
let mirror: ObjectMirror;

beforeAll(async () => {
  machine = await MirroredHost.start();
  ({ host, mirror } = machine);
});

afterAll(() => machine?.[Symbol.asyncDispose]());

afterEach(() => machine.clean());

async function run(command: string, args: readonly string[], input?: string): Promise<void> {
  const { status, stderr } = await host.exec(command, args, input === undefined ? {} : { input });
  expect(stderr, `${command} ${args.join(' ')}`).toBe('');
  expect(status).toBe(0);
}

const hostdev = `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${uuid}'/></source></hostdev>`;
const extraXml = (devices: string) => `<domain type='qemu'><name>extra</name>
  <uuid>a1b2c3d4-0000-4000-8000-00000000abcd</uuid><title>\u202eevil title</title><memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><serial type='pty'/><memballoon model='none'/>${devices}</devices></domain>`;

const vgpuValue = (property: string) => mirror.value(vgpuPath, interfaces.vgpu, property);

/** What a client that asks gets. */
const asked = async () => comparable(await mirror.managedObjects());
/** What a client that only listens has. */
const mirrored = () => comparable(mirror.objects);

describe('what others do becomes signals', () => {
  it('mdevctl: define, start, autostart, stop, undefine', async () => {
    await machine.define();
    await mirror.until('the definition', () => vgpuValue('State') === 'inactive');
    await run('mdevctl', ['start', '-u', uuid, '-p', parent]);
    await mirror.until('the start', () => vgpuValue('State') === 'active');
    await mirror.until('fewer instances', () => mirror.value(type4, interfaces.vgpuType, 'AvailableInstances') === 4);
    await run('mdevctl', ['modify', '-u', uuid, '-p', parent, '--auto']);
    await mirror.until('autostart', () => vgpuValue('Autostart') === true);
    expect(await asked()).toEqual(mirrored());
    await run('mdevctl', ['stop', '-u', uuid]);
    await mirror.until('the stop', () => vgpuValue('State') === 'inactive');
    await mirror.until('all instances', () => mirror.value(type4, interfaces.vgpuType, 'AvailableInstances') === 5);
    await run('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('the end', () => !mirror.objects.has(vgpuPath));
    expect(await asked()).toEqual(mirrored());
  });

  it('mdevctl: a transient device comes and goes', async () => {
    await run('mdevctl', ['start', '-u', uuid, '-p', parent, '-t', typeId]);
    await mirror.until('the device', () => vgpuValue('Active') === true && vgpuValue('Persistent') === false);
    await mirror.until('its GPU knows it', () => String(mirror.value(gpuPath, interfaces.gpu, 'Vgpus')) === vgpuPath);
    await run('mdevctl', ['stop', '-u', uuid]);
    await mirror.until('the end', () => !mirror.objects.has(vgpuPath));
    expect(await asked()).toEqual(mirrored());
  });

  it('virsh: a machine is defined, gets a vGPU, starts, ends and goes', async () => {
    await run('virsh', ['-q', 'define', '/dev/stdin'], extraXml(''));
    await mirror.until('the machine', () => mirror.objects.has(extra));
    expect(mirror.value(extra, interfaces.domain, 'Title')).toBe('evil title');
    await machine.define();
    await mirror.until('the definition', () => mirror.objects.has(vgpuPath));
    await run('virsh', ['-q', 'define', '/dev/stdin'], extraXml(hostdev));
    await mirror.until('the assignment', () => String(vgpuValue('Domains')) === extra);
    await mirror.until('its machine', () => String(mirror.value(extra, interfaces.domain, 'Vgpus')) === vgpuPath);
    await run('virsh', ['-q', 'define', '/dev/stdin'], extraXml(''));
    await mirror.until('the end of it', () => String(vgpuValue('Domains')) === '');
    await run('virsh', ['-q', 'start', 'extra']);
    await mirror.until('the start', () => mirror.value(extra, interfaces.domain, 'State') === 'running');
    await mirror.until('its terminal', () => {
      const terminal = mirror.value(extra, interfaces.domain, 'Console') as Record<string, { value: string }>;
      return terminal['path']?.value.startsWith('/dev/pts/') === true;
    });
    await run('virsh', ['-q', 'destroy', 'extra']);
    await mirror.until('the end', () => mirror.value(extra, interfaces.domain, 'State') === 'shut-off');
    await run('virsh', ['-q', 'undefine', 'extra']);
    await mirror.until('nothing', () => !mirror.objects.has(extra));
    await run('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('no vGPU', () => !mirror.objects.has(vgpuPath));
    expect(await asked()).toEqual(mirrored());
  });

  it('virsh: a device attached to a stored definition, of which libvirt tells nobody, is seen at the next reading', async () => {
    await run('virsh', ['-q', 'define', '/dev/stdin'], extraXml(''));
    await machine.define();
    await mirror.until('both', () => mirror.objects.has(extra) && mirror.objects.has(vgpuPath));
    await run('virsh', ['-q', 'attach-device', 'extra', '/dev/stdin', '--config'], hostdev);
    await mirror.call(managerPath, interfaces.manager, 'Refresh', 'a{sv}', [{}]);
    expect(vgpuValue('Domains')).toEqual([extra]);
    await run('virsh', ['-q', 'undefine', 'extra']);
    await mirror.until('nothing', () => !mirror.objects.has(extra));
  });

  it('the kernel: a parent goes and comes back, and its vGPUs keep their objects', async () => {
    await machine.define();
    await mirror.until('the definition', () => vgpuValue('State') === 'inactive');
    await host.control({ command: 'unplug', parent });
    await mirror.until('the loss', () => vgpuValue('State') === 'parent-missing' && !mirror.objects.has(gpuPath));
    expect(vgpuValue('ParentName')).toBe(parent);
    expect(vgpuValue('Parent')).toBe('/');
    await host.control({ command: 'plug', parent });
    await mirror.until('the return', () => vgpuValue('State') === 'inactive' && mirror.objects.has(gpuPath));
    await run('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('the end', () => !mirror.objects.has(vgpuPath));
    expect(await asked()).toEqual(mirrored());
  });
});

describe('libvirt goes away', () => {
  it('keeps the objects, refuses changes, and is right again when it is back', async () => {
    const manager = (property: string) => mirror.value(managerPath, interfaces.manager, property);
    await host.killLibvirtd();
    await mirror.until('the loss', () => manager('Connected') === false && manager('Stale') === true);
    expect(mirror.objects.has(domainPath)).toBe(true);
    await expect(mirror.call(domainPath, interfaces.domain, 'Start', 'a{sv}', [{}])).rejects.toMatchObject({
      type: 'me.phyllo.Vgpu1.Error.Unavailable',
    });
    await machine.define();
    await host.startLibvirtd();
    await mirror.until('the return', () => manager('Connected') === true && manager('Stale') === false, 20_000);
    await mirror.until('what was missed', () => vgpuValue('State') === 'inactive');
    expect(await asked()).toEqual(mirrored());
    await run('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await mirror.until('the end', () => !mirror.objects.has(vgpuPath));
  });
});

it('no property has named an object that was not there, after any of all these signals', () => {
  expect(mirror.heard.length).toBeGreaterThan(20);
  expect(mirror.dangling).toEqual([]);
});
