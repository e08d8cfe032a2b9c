// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buses, ClientHost, installedContract } from './client-host.js';
import { domainPath, gpuPath, parent, typeId, uuid, vgpuPath } from '../seed-page.js';

/** How an error of the service looks in gjs: GLib's general one, with the service's name in it. */
const refusal = (name: string) => ({ name: `me.phyllo.Vgpu1.Error.${name}`, isIOError: true });

describe.each(buses)('gjs on %s', { timeout: 60_000 }, (bus) => {
  let host: ClientHost;
  beforeAll(async () => {
    host = await ClientHost.start(bus, 'proxy.gjs.js', 'objects.gjs.js');
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.clean());

  it('makes proxies from the installed contract: properties, calls, signals, errors', async () => {
    const args = [installedContract, uuid, typeId, gpuPath, domainPath];
    const seen = JSON.parse(await host.run('gjs', '-m', host.program('proxy.gjs.js'), ...args)) as unknown;
    expect(seen).toMatchObject({
      version: '0.1.0',
      connected: true,
      features: expect.arrayContaining(['mdev', 'preview']),
      before: [[]],
      refused: refusal('InvalidArgument'),
      created: vgpuPath,
      again: refusal('AlreadyExists'),
      unknownOption: refusal('InvalidArgument'),
      inactive: { State: 'inactive', TypeId: typeId, Attributes: [] },
      started: { State: 'active', Active: true, IommuGroup: expect.stringMatching(/iommu_group\/\d+$/) },
      // The trap: without recursiveUnpack() the values of nested dictionaries stay variants.
      videoIsVariant: true,
      video: { model: 'virtio', primary: true },
      previewIsVariant: true,
      previewId: 'stop-mdev',
    });
  });

  it('keeps all objects with Gio.DBusObjectManagerClient', async () => {
    const client = host.listen('gjs', '-m', host.program('objects.gjs.js'));
    const [, before] = /^has (\d+) objects/.exec(await client.until(/^has/)) ?? [];
    expect(Number(before)).toBeGreaterThan(20);
    await host.run('mdevctl', 'define', '-u', uuid, '-p', parent, '-t', typeId);
    await client.until(`added ${vgpuPath}`);
    await host.run('mdevctl', 'start', '-u', uuid, '-p', parent);
    await client.until(`changed ${vgpuPath} me.phyllo.Vgpu1.Vgpu State "active"`);
    await client.until(`changed ${gpuPath}/type/i915_2dGVTg_5fV5_5f4 me.phyllo.Vgpu1.VgpuType AvailableInstances 4`);
    await host.run('mdevctl', 'stop', '-u', uuid);
    await client.until(`changed ${vgpuPath} me.phyllo.Vgpu1.Vgpu State "inactive"`);
    await host.run('mdevctl', 'undefine', '-u', uuid, '-p', parent);
    await client.until(`removed ${vgpuPath}`);
    expect(client.since.filter((line) => line.endsWith('not cached'))).toEqual([]);
  });

  it('keeps them over a restart of the service', async () => {
    const client = host.listen('gjs', '-m', host.program('objects.gjs.js'));
    const [, count] = /^has (\d+) objects/.exec(await client.until(/^has/)) ?? [];
    await host.machine.killService('vgpud');
    await client.until('gone with 0 objects left');
    client.mark();
    await host.machine.startService('vgpud');
    expect(await client.until(/^back/)).toBe(`back with ${count} objects`);
    client.mark();
    await host.run('mdevctl', 'define', '-u', uuid, '-p', parent, '-t', typeId);
    await client.until(`added ${vgpuPath}`);
  });
});
