// SPDX-License-Identifier: LGPL-2.1-or-later
// What a batch costs and what it says, with a daemon that has real node devices.
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  LibvirtError,
  NodeDeviceListFlags,
  open,
  type Connection,
  type NodeDeviceField,
  type NodeDeviceRecord,
} from './index.js';
import { CountingProxy, procedures } from './test/counting-proxy.js';
import { Daemon, daemonObstacle } from './test/daemon.mjs';
import { until } from './test/until.js';

const obstacle = daemonObstacle();
const { readDomain, lookUpNodeDevice, readNodeDevice, listNodeDevices, isNodeDeviceActive } = procedures;
const inactive = NodeDeviceListFlags.INACTIVE;
const every = (NodeDeviceListFlags.ACTIVE | NodeDeviceListFlags.INACTIVE) >>> 0;
const mdevUuid = '6b0e1b6c-3f0f-4c0e-9a54-0d2f1f1f7a10';

describe('a batch of node devices', { timeout: 30_000 }, () => {
  let daemon: Daemon;
  let proxy: CountingProxy;
  let connection: Connection;
  let names: string[];
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    daemon = await Daemon.start({ mdevs: [mdevUuid] });
    proxy = await CountingProxy.start(daemon.folder);
    connection = await open(proxy.through(daemon.qemuUri));
    const isFound = async () => (await connection.listNodeDeviceNames(inactive)).length > 0;
    await until('the stored device is there', isFound, 30_000);
    names = await connection.listNodeDeviceNames(every);
  }, 60_000);
  afterAll(async () => {
    if (obstacle !== undefined) return;
    await connection.close();
    await proxy[Symbol.asyncDispose]();
    await daemon.stop();
  });

  const readStates = () => connection.listNodeDevicesWithXml({ flags: every, fields: ['active'] });

  /** What `work` cost, by procedure. */
  async function costOf(work: () => Promise<unknown>): Promise<Readonly<Record<number, number>>> {
    proxy.take();
    await work();
    return proxy.take();
  }

  test('names alone are one call, and leave nothing to dispose', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    expect(await costOf(() => connection.listNodeDeviceNames(every))).toEqual({ [listNodeDevices]: 1 });
    expect(names).toHaveLength((await connection.listAllNodeDevices(every)).length);
    expect(await connection.listNodeDeviceNames(inactive)).toEqual([expect.stringContaining('6b0e1b6c')]);
  });

  test('without fields costs one call for each device, and the records have nothing else', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const cost = await costOf(() => connection.listNodeDevicesWithXml({ flags: every, fields: [] }));
    expect(cost).toEqual({ [listNodeDevices]: 1, [readNodeDevice]: names.length });
    const records = await connection.listNodeDevicesWithXml({ flags: every, fields: [] });
    expectTypeOf<keyof (typeof records)[number]>().toEqualTypeOf<'name' | 'xml'>();
    expect(Object.keys(records[0]!)).toEqual(['name', 'xml']);
  });

  test('`active` costs two lists for all', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    expect(await costOf(readStates)).toEqual({ [listNodeDevices]: 3, [readNodeDevice]: names.length });
    const states = (await readStates()).map(({ name, active }) => [name, active]);
    expect(states).toEqual(names.map((name) => [name, !name.includes('6b0e1b6c')]));
  });

  test('each field says what the single read says', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const single = async (name: string): Promise<NodeDeviceRecord> => {
      const device = await connection.lookupNodeDeviceByName(name);
      const [parent, xml, active, persistent, autostart] = await Promise.all([
        device.getParent(),
        device.getXmlDesc(),
        device.isActive(),
        device.isPersistent(),
        device.getAutostart().catch(() => false),
      ]);
      return { name, parent, xml, active, persistent, autostart };
    };
    const all = await Promise.all(names.map(single));
    expect(all.find(({ active }) => !active)).toMatchObject({ persistent: true });
    expect(await connection.listNodeDevicesWithXml({ flags: every })).toEqual(all);
    for (const field of ['parent', 'active', 'persistent', 'autostart'] as const satisfies NodeDeviceField[]) {
      const records = await connection.listNodeDevicesWithXml({ flags: every, fields: [field] });
      expect(records).toEqual(all.map(({ name, xml, [field]: value }) => ({ name, xml, [field]: value })));
    }
  });

  test('by names comes in their order, without those that are missing, for one list more', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const asked = [...names.toReversed(), 'absent', names[0]!];
    const read = () => connection.readNodeDevices(asked, { fields: ['active'] });
    expect(await costOf(read)).toEqual({
      [listNodeDevices]: 3,
      [readNodeDevice]: names.length + 1,
      [lookUpNodeDevice]: 2,
    });
    const wanted = await readStates();
    expect(await read()).toEqual([...wanted.toReversed(), wanted[0]]);
  });

  test('of one name lists nothing', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const read = () => connection.readNodeDevices(names.slice(0, 1), { fields: ['active'] });
    expect(await costOf(read)).toEqual({ [lookUpNodeDevice]: 1, [readNodeDevice]: 1, [isNodeDeviceActive]: 1 });
    expect(await connection.readNodeDevices([])).toEqual([]);
  });

  test('asks a device itself that is in neither list by state, because it was gone for a moment', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    let lists = 0;
    proxy.onCall = (procedure, body) => {
      // The last word is the flags: the list of inactive devices becomes one of kinds that nothing has.
      if (procedure === listNodeDevices && ++lists === 2) body.writeUInt32BE((1 << 13) | inactive, body.length - 4);
    };
    const records = await readStates().finally(() => (proxy.onCall = () => {}));
    expect(lists).toBe(3);
    expect(proxy.take()).toMatchObject({ [isNodeDeviceActive]: 1 });
    expect(records.filter(({ active }) => !active)).toHaveLength(1);
  });

  test('that is given up in flight ends before the next device', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    proxy.take();
    const controller = new AbortController();
    let read = 0;
    proxy.onCall = (procedure) => {
      if (procedure === readNodeDevice && ++read === 1) controller.abort(new Error('mine'));
    };
    await expect(connection.listNodeDevicesWithXml({ flags: every, signal: controller.signal })).rejects.toThrow(
      'mine',
    );
    await connection.getHostname();
    proxy.onCall = () => {};
    expect(read).toBe(1);
  });

  test('refuses fields and names of the wrong kind', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    await expect(connection.listNodeDevicesWithXml({ fields: ['xml' as 'parent'] })).rejects.toThrow(/^fields must/);
    await expect(connection.readNodeDevices('computer' as never)).rejects.toThrow(/^names must be an array/);
    await expect(connection.readNodeDevices([1 as never])).rejects.toThrow(/^names must be a string/);
  });
});

describe('a domain whose document libvirt refuses', { timeout: 30_000 }, () => {
  let daemon: Daemon;
  let proxy: CountingProxy;
  let connection: Connection;
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    daemon = await Daemon.start();
    proxy = await CountingProxy.start(daemon.folder);
    connection = await open(proxy.through(daemon.uri));
    const xml = `<domain type='test'><name>other</name><memory>65536</memory><os><type>hvm</type></os></domain>`;
    await connection.defineDomainXml(xml);
  }, 60_000);
  afterAll(async () => {
    if (obstacle !== undefined) return;
    await connection.close();
    await proxy[Symbol.asyncDispose]();
    await daemon.stop();
  });

  test('hides no other, and is listed with the reason', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    proxy.onCall = (procedure, body) => {
      // Asks for another UUID, which is followed by the ID and the flags; the look-up goes through unchanged.
      const isActiveDocument = body.readUInt32BE(body.length - 4) === 0;
      if (procedure === readDomain && body.includes('test') && isActiveDocument)
        body.fill(7, body.length - 24, body.length - 8);
    };
    const records = await connection.listDomainsWithXml().finally(() => (proxy.onCall = () => {}));
    const [other, refused] = records.toSorted((a, b) => a.name.localeCompare(b.name));
    expect(other).toMatchObject({ name: 'other', xml: expect.stringContaining('<name>other</name>') as string });
    expect(other).not.toHaveProperty('error');
    expect(refused).toMatchObject({ name: 'test', active: true, xml: null, error: { code: 42 } });
    expect(refused?.error).toBeInstanceOf(LibvirtError);
    expect(refused?.inactiveXml).toContain('<name>test</name>');
  });

  test('is not what a lost connection is', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const lost = await open(proxy.through(daemon.uri));
    proxy.onCall = (procedure) => {
      if (procedure === readDomain) daemon.signal('SIGKILL');
    };
    await expect(lost.listDomainsWithXml()).rejects.toBeInstanceOf(LibvirtError);
    proxy.onCall = () => {};
    await until('the loss was noticed', () => lost.state === 'lost');
    await lost.close();
  });
});
