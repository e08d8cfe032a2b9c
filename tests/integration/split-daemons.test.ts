// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseMdevTypeId, parseParentName, parseUuid, type HostPorts, type MdevDefinition } from '@vgpu/core';
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually, run } from '../emulated-host/testing.js';
import { codeOfFailure, nextChange, untilConnected } from './adapter-host.js';

const definition: MdevDefinition = {
  uuid: parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66'),
  parent: parseParentName('0000:00:02.0'),
  typeId: parseMdevTypeId('i915-GVTg_V5_4'),
  attributes: [],
};
const server = parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22');
const isReal = (host: EmulatedHost) => host.exec('test', ['-x', '/usr/sbin/virtqemud']);

describe('with virtqemud and virtnodedevd in place of libvirtd', { timeout: 60_000 }, () => {
  let host: EmulatedHost;
  let ports: HostPorts;

  beforeEach(async () => {
    host = await startEmulatedHost('seed-page', { services: ['libvirtd'], daemons: 'split' });
    const { libvirtUri: uri, nodeDeviceUri } = host;
    ports = await openLibvirtHost({ uri, nodeDeviceUri, facts: new SysfsHostFacts({ root: host.root }) });
  });
  afterEach(async () => {
    await ports.close();
    await host.stop();
  });

  const stateOfServer = async () => (await ports.domains.list()).find(({ uuid }) => uuid === server)?.state;

  it('each is a daemon of its own, behind the usual URIs', async () => {
    expect(await run(host, 'virsh', ['-c', 'qemu:///system', 'list', '--all', '--name'])).toContain('server');
    expect(await run(host, 'virsh', ['-c', 'nodedev:///system', 'nodedev-list'])).toContain('pci_0000_00_02_0');
    await host.killService('virtnodedevd');
    expect((await host.exec('virsh', ['-c', 'nodedev:///system', 'nodedev-list'])).status).toBe(1);
    expect((await host.exec('virsh', ['-c', 'qemu:///system', 'list'])).status).toBe(0);
    // A libvirtd stands in where no package has the daemon: it must not know the other one's devices.
    if ((await isReal(host)).status === 0) return;
    expect((await host.exec('virsh', ['-c', 'qemu:///system', 'nodedev-list'])).status).toBe(1);
  });

  it('virtnodedevd lost: domains are read and changed, node devices are Unavailable until it is back', async () => {
    await ports.nodeDevices.define(definition);
    await ports.nodeDevices.start(definition);
    const before = await ports.nodeDevices.list();
    await host.killService('virtnodedevd');
    await untilConnected(ports, false);
    expect(await codeOfFailure(ports.nodeDevices.list())).toBe('Unavailable');
    expect(await codeOfFailure(ports.nodeDevices.stop(definition))).toBe('Unavailable');
    await nextChange(ports, () => ports.domains.start(server));
    expect(await stateOfServer()).toBe('running');
    const edits = [{ kind: 'set-video-none' }] as const;
    await ports.domains.apply(await ports.domains.preview(server, edits), edits);
    await ports.domains.forceOff(server);
    // What was never there does not hide behind node devices that cannot be asked.
    const nobody = parseUuid('deadbeef-0000-4000-8000-000000000000');
    expect(await codeOfFailure(ports.domains.start(nobody))).toBe('NotFound');

    await nextChange(ports, async () => {
      await host.startService('virtnodedevd');
      await untilConnected(ports, true);
    });
    await vi.waitFor(async () => expect((await ports.nodeDevices.list()).mdevs).toEqual(before.mdevs), 10_000);
    await nextChange(ports, () => ports.nodeDevices.stop(definition));
  });

  it('virtqemud lost: node devices are read and changed, domains are Unavailable until it is back', async () => {
    await ports.nodeDevices.define(definition);
    await host.killService('virtqemud');
    await untilConnected(ports, false);
    expect(await codeOfFailure(ports.domains.list())).toBe('Unavailable');
    await nextChange(ports, () => ports.nodeDevices.start(definition));
    expect((await ports.nodeDevices.list()).mdevs).toMatchObject([{ uuid: definition.uuid, active: true }]);
    // Whether a domain holds it cannot be known.
    expect(await codeOfFailure(ports.nodeDevices.stop(definition))).toBe('Unavailable');
    expect((await ports.nodeDevices.list()).mdevs).toMatchObject([{ active: true }]);

    await nextChange(ports, async () => {
      await host.startService('virtqemud');
      await untilConnected(ports, true);
    });
    await vi.waitFor(async () => expect(await stateOfServer()).toBe('shut-off'), 10_000);
    await ports.nodeDevices.stop(definition);
  });

  it('both lost: the first one back is told at once', async () => {
    await host.killService('virtnodedevd');
    await host.killService('virtqemud');
    await vi.waitFor(async () => expect(await codeOfFailure(ports.domains.list())).toBe('Unavailable'), 10_000);
    await nextChange(ports, () => host.startService('virtqemud'));
    await vi.waitFor(async () => expect(await stateOfServer()).toBe('shut-off'), 10_000);
    expect(ports.events.status().connected).toBe(false);
  });
});

describe('vgpud with virtqemud and virtnodedevd', { timeout: 120_000 }, () => {
  it('shows what the one still knows while the other is lost, and everything afterwards', async () => {
    await using host = await startEmulatedHost('seed-page', { services: ['vgpud'], daemons: 'split' });
    const vgpuctl = (...args: string[]) => run(host, 'vgpuctl', args);
    const start = ['start', '-u', definition.uuid, '-p', definition.parent, '-t', definition.typeId];
    await vgpuctl(...start);
    expect(await vgpuctl('list')).toContain(definition.uuid);

    await host.killService('virtnodedevd');
    await run(host, 'virsh', ['start', 'server']);
    await eventually('the domain is shown as running', async () => {
      expect(await vgpuctl('domains')).toMatch(/server.*running/);
    });
    await host.startService('virtnodedevd');
    await eventually('the vGPU can be stopped', () => vgpuctl('stop', '-u', definition.uuid).then(() => undefined));

    await host.killService('virtqemud');
    await run(host, 'mdevctl', start);
    await eventually('the vGPU is shown', async () => expect(await vgpuctl('list')).toContain(definition.uuid));
    await host.startService('virtqemud');
    await eventually('the domain is shown as running again', async () => {
      expect(await vgpuctl('domains')).toMatch(/server.*running/);
    });
  });
});
