// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buses, ClientHost } from './client-host.js';
import { domainPath, parent, typeId, uuid, vgpuPath } from '../seed-page.js';

describe.each(buses)('python3-gi on %s', { timeout: 60_000 }, (bus) => {
  let host: ClientHost;
  beforeAll(async () => {
    host = await ClientHost.start(bus, 'objects.py');
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(() => host.clean());

  const listen = () => host.listen('python3', '-B', host.program('objects.py'));

  it('keeps all objects with its object manager', async () => {
    const client = listen();
    await client.until(/^has \d+ objects$/);
    await host.run('mdevctl', 'define', '-u', uuid, '-p', parent, '-t', typeId);
    await client.until(`added ${vgpuPath}`);
    await host.run('mdevctl', 'start', '-u', uuid, '-p', parent);
    await client.until(`changed ${vgpuPath} me.phyllo.Vgpu1.Vgpu State "active"`);
    await host.run('mdevctl', 'stop', '-u', uuid);
    await client.until(`changed ${vgpuPath} me.phyllo.Vgpu1.Vgpu State "inactive"`);
    await host.run('mdevctl', 'undefine', '-u', uuid, '-p', parent);
    await client.until(`removed ${vgpuPath}`);
    expect(client.since.filter((line) => line.endsWith('not cached'))).toEqual([]);
  });

  it('unpacks nested dictionaries', async () => {
    const client = listen();
    await client.until(/^has/);
    client.write(`${domainPath}\n`);
    const line = await client.until(/^nested /);
    expect(JSON.parse(line.slice('nested '.length))).toEqual({
      Videos: [{ model: 'virtio', primary: true, heads: 1 }],
      Graphics: [{ type: 'vnc', gl: false }],
      Console: { type: 'pty' },
    });
  });

  it('keeps them over a restart of the service', async () => {
    const client = listen();
    const [, count] = /^has (\d+) objects/.exec(await client.until(/^has/)) ?? [];
    await host.machine.killService('vgpud');
    await client.until('gone with 0 objects left');
    await host.machine.startService('vgpud');
    expect(await client.until(/^back/)).toBe(`back with ${count} objects`);
  });
});
