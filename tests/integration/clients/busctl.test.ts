// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../emulated-host/testing.js';
import { buses, ClientHost } from './client-host.js';
import { gpuPath, parent, typeId, uuid, vgpuPath } from '../seed-page.js';

const name = 'me.phyllo.Vgpu1';
const managerPath = '/me/phyllo/Vgpu1/manager';

describe.each(buses)('busctl on %s', { timeout: 60_000 }, (bus) => {
  let host: ClientHost;
  beforeAll(async () => {
    host = await ClientHost.start(bus);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.clean());

  const busctl = (...args: readonly string[]) => host.runAsNobody('busctl', ...args);

  it('shows the tree', async () => {
    const paths = (await busctl('tree', '--list', name)).trim().split('\n');
    expect(paths).toEqual(expect.arrayContaining(['/me/phyllo/Vgpu1', managerPath, gpuPath]));
    // All published objects, from introspection alone.
    const managed = await busctl(
      'call',
      '--json=short',
      name,
      '/me/phyllo/Vgpu1',
      'org.freedesktop.DBus.ObjectManager',
      'GetManagedObjects',
    );
    const { data } = JSON.parse(managed) as { data: [Record<string, unknown>] };
    expect(paths).toEqual(expect.arrayContaining(Object.keys(data[0])));
  });

  it('introspects: types, and how each property tells of changes', async () => {
    const rows = (await busctl('introspect', name, gpuPath)).split('\n').map((line) => line.trim().split(/\s+/));
    const row = (member: string) => rows.find(([first]) => first === member);
    expect(row('me.phyllo.Vgpu1.Gpu')).toEqual(['me.phyllo.Vgpu1.Gpu', 'interface', '-', '-', '-']);
    expect(row('.CreateVgpu')).toEqual(['.CreateVgpu', 'method', 'sa{sv}', 'o', '-']);
    expect(row('.PciDevice')).toEqual(['.PciDevice', 'property', 'o', '"/me/phyllo/Vgpu1/pci/0000_00_02_0"', 'const']);
    expect(row('.Vgpus')).toEqual(['.Vgpus', 'property', 'ao', '0', 'emits-change']);
    const manager = await busctl('introspect', name, managerPath);
    expect(manager).toMatch(/^\.LastRefresh +property +t +\d+ +-$/m);
  });

  it('reads a property and calls methods', async () => {
    expect(await busctl('get-property', name, managerPath, `${name}.Manager`, 'Connected', 'Version')).toBe(
      'b true\ns "0.1.0"\n',
    );
    const create = ['call', name, gpuPath, `${name}.Gpu`, 'CreateVgpu', 'sa{sv}', typeId];
    const options = ['3', 'uuid', 's', uuid, 'start', 'b', 'false', 'attributes', 'a(ss)', '0'];
    expect(await host.run('busctl', ...create, ...options)).toBe(`o "${vgpuPath}"\n`);
    const nested = await busctl('get-property', '--json=short', name, vgpuPath, `${name}.Vgpu`, 'Attributes');
    expect(JSON.parse(nested)).toEqual({ type: 'a(ss)', data: [] });
    const refused = await host.machine.exec('busctl', [...create, '1', 'uuid', 's', uuid]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining(uuid) });
  });

  it('sees signals', async () => {
    // To see the messages of others is a right of root's.
    const monitor = host.listenAs('root', 'busctl', 'monitor', '--json=short', name);
    await eventually('it sees a call', async () => {
      await busctl('call', name, managerPath, 'org.freedesktop.DBus.Peer', 'Ping');
      expect(monitor.since).not.toEqual([]);
    });
    await host.run('mdevctl', 'define', '-u', uuid, '-p', parent, '-t', typeId);
    const line = await monitor.until(/"member":"InterfacesAdded"/);
    expect(JSON.parse(line)).toMatchObject({
      type: 'signal',
      path: '/me/phyllo/Vgpu1',
      payload: {
        type: 'oa{sa{sv}}',
        data: [vgpuPath, { 'me.phyllo.Vgpu1.Vgpu': { Uuid: { type: 's', data: uuid } } }],
      },
    });
  });
});
