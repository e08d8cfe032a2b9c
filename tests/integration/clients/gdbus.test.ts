// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buses, ClientHost } from './client-host.js';
import { gpuPath, parent, typeId, uuid, vgpuPath } from '../seed-page.js';

const name = 'me.phyllo.Vgpu1';
const at = (path: string) => ['--system', '--dest', name, '--object-path', path];

describe.each(buses)('gdbus on %s', { timeout: 60_000 }, (bus) => {
  let host: ClientHost;
  beforeAll(async () => {
    host = await ClientHost.start(bus);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.clean());

  it('introspects every object', async () => {
    const all = await host.runAsNobody('gdbus', 'introspect', '--recurse', ...at('/me/phyllo/Vgpu1'));
    const found = new Set(all.match(/(?<=interface me\.phyllo\.Vgpu1\.)\w+/g));
    expect([...found].toSorted()).toEqual([
      'Domain',
      'Gpu',
      'IommuGroup',
      'Manager',
      'MdevParent',
      'PciDevice',
      'VgpuType',
    ]);
    const type = await host.runAsNobody('gdbus', 'introspect', ...at(`${gpuPath}/type/i915_2dGVTg_5fV5_5f4`));
    expect(type).toMatch(/readonly u AvailableInstances = 5;/);
    const xml = await host.runAsNobody('gdbus', 'introspect', '--xml', ...at(gpuPath));
    expect(xml).toMatch(/<arg name="type_id" type="s" direction="in"\/>/);
    expect(xml).toContain('<annotation name="me.phyllo.Vgpu1.Options"');
  });

  it('calls methods', async () => {
    const create = ['call', ...at(gpuPath), '--method', `${name}.Gpu.CreateVgpu`, typeId];
    expect(await host.run('gdbus', ...create, `{'uuid': <'${uuid}'>, 'start': <false>}`)).toBe(
      `(objectpath '${vgpuPath}',)\n`,
    );
    const again = await host.machine.exec('gdbus', [...create, `{'uuid': <'${uuid}'>}`]);
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining(`${name}.Error.AlreadyExists`) });
    const nobody = await host.machine.exec('gdbus', [...create, '{}'], { user: 'nobody' });
    expect(nobody).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/NotAuthorized|InteractiveAuthorizationRequired/),
    });
  });

  it('monitors', async () => {
    const monitor = host.listen('gdbus', 'monitor', '--system', '--dest', name);
    await monitor.until(/is owned by/);
    await host.run('mdevctl', 'define', '-u', uuid, '-p', parent, '-t', typeId);
    await monitor.until(/^\/me\/phyllo\/Vgpu1: .*InterfacesAdded \(objectpath '.*7686131b/);
    await host.run('mdevctl', 'start', '-u', uuid, '-p', parent);
    const change = await monitor.until(new RegExp(`^${vgpuPath}: .*PropertiesChanged .*'State': <'active'>`));
    expect(change).toContain(`('${name}.Vgpu', {`);
  });
});
