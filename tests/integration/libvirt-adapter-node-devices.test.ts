// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseMdevTypeId, parseParentName, parseUuid, type MdevDefinition, type MdevVgpu } from '@vgpu/core';
import { codeOfFailure, nextChange, startAdapterHost, type AdapterHost } from './adapter-host.js';

const parent = parseParentName('0000:00:02.0');
const uuid = parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66');
const id = { uuid, parent };

function definitionOf(number: 1 | 2 | 4 | 8, name: string = uuid): MdevDefinition {
  return { uuid: parseUuid(name), parent, typeId: parseMdevTypeId(`i915-GVTg_V5_${number}`), attributes: [] };
}

let adapter: AdapterHost;

beforeEach(async () => {
  adapter = await startAdapterHost('seed-page', { settleTimeoutMs: 3_000 });
});
afterEach(async () => {
  await adapter[Symbol.asyncDispose]();
});

async function findMdev(): Promise<MdevVgpu | undefined> {
  return (await adapter.ports.nodeDevices.list()).mdevs.find((mdev) => mdev.uuid === uuid);
}

const noticed = { timeout: 10_000, interval: 20 };

describe('capacity', () => {
  it('five vGPUs of type V5_4 fit, the sixth is refused and names the five', async () => {
    const { nodeDevices } = adapter.ports;
    const uuids = Array.from({ length: 6 }, () => randomUUID());
    for (const name of uuids) await nodeDevices.define(definitionOf(4, name));
    for (const name of uuids.slice(0, 5)) await nodeDevices.start(definitionOf(4, name));
    await expect(nodeDevices.start(definitionOf(4, uuids[5]))).rejects.toMatchObject({
      code: 'NoAvailableInstances',
      details: { holders: expect.arrayContaining(uuids.slice(0, 5)) },
    });
    expect((await nodeDevices.list()).mdevs.filter((mdev) => mdev.active)).toHaveLength(5);
  });

  it('a count that lies is believed until the kernel refuses, which says why', async () => {
    const { nodeDevices } = adapter.ports;
    const other = randomUUID();
    await nodeDevices.define(definitionOf(1));
    await nodeDevices.start(id);
    await nodeDevices.define(definitionOf(1, other));
    await adapter.host.control({ command: 'lie', parent, type: 'i915-GVTg_V5_1', count: 1 });
    await expect(nodeDevices.start(definitionOf(1, other))).rejects.toMatchObject({
      code: 'NoAvailableInstances',
      details: { uuid: other },
    });
    expect((await nodeDevices.list()).mdevs.find((mdev) => mdev.uuid === other)).toMatchObject({ active: false });
  });
});

describe('the kernel', () => {
  it('tells late that an mdev is there: start waits', async () => {
    const { nodeDevices } = adapter.ports;
    await nodeDevices.define(definitionOf(4));
    await adapter.host.control({ command: 'delayUevents', ms: 700 });
    const started = performance.now();
    await nodeDevices.start(id);
    expect(performance.now() - started).toBeGreaterThan(700);
    expect(await findMdev()).toMatchObject({ active: true });
  });

  it('never tells: TimedOut', async () => {
    const { nodeDevices } = adapter.ports;
    await nodeDevices.define(definitionOf(4));
    await adapter.host.control({ command: 'dropUevents', count: 10 });
    await expect(nodeDevices.start(id)).rejects.toMatchObject({ code: 'TimedOut' });
  });

  it('does not answer a writer: TimedOut, and domains can be read meanwhile', async () => {
    const { nodeDevices } = adapter.ports;
    await nodeDevices.define(definitionOf(4));
    await adapter.host.control({ command: 'hold' });
    const start = codeOfFailure(nodeDevices.start(id));
    await vi.waitUntil(async () => (await adapter.host.kernelState()).heldWriters > 0, 10_000);
    expect(await adapter.ports.domains.list()).not.toHaveLength(0);
    expect(await start).toBe('TimedOut');
    await adapter.host.control({ command: 'release' });
    await expect.poll(findMdev, noticed).toMatchObject({ active: true });
  });

  it('refuses to remove an mdev that no domain holds: it stays active, and is busy', async () => {
    const { nodeDevices } = adapter.ports;
    await nodeDevices.define(definitionOf(4));
    await nodeDevices.start(id);
    await adapter.host.control({ command: 'busy', uuid });
    await expect(nodeDevices.stop(id)).rejects.toMatchObject({ code: 'DeviceBusy', details: { uuid } });
    expect(await findMdev()).toMatchObject({ active: true });
    await adapter.host.control({ command: 'free', uuid });
    await nodeDevices.stop(id);
  });
});

describe('changes behind the service’s back are told', () => {
  it('mdevctl start, define, modify --auto, undefine, stop', async () => {
    const mdevctl = (...args: string[]): Promise<string> => adapter.run('mdevctl', ...args, '--uuid', uuid);
    await nextChange(adapter.ports, () => mdevctl('start', '-p', parent, '--type', 'i915-GVTg_V5_4'));
    await expect.poll(findMdev, noticed).toMatchObject({ active: true, persistent: false, autostart: false });
    await nextChange(adapter.ports, () => mdevctl('define'));
    await expect.poll(findMdev, noticed).toMatchObject({ active: true, persistent: true, autostart: false });
    await nextChange(adapter.ports, () => mdevctl('modify', '--auto'));
    await expect.poll(findMdev, noticed).toMatchObject({ active: true, persistent: true, autostart: true });
    await nextChange(adapter.ports, () => mdevctl('undefine'));
    await expect.poll(findMdev, noticed).toMatchObject({ active: true, persistent: false, autostart: false });
    await nextChange(adapter.ports, () => mdevctl('stop'));
    await expect.poll(findMdev, noticed).toBeUndefined();
  });

  it('virsh nodedev-start and nodedev-destroy', async () => {
    await adapter.ports.nodeDevices.define(definitionOf(4));
    const name = `mdev_${uuid.replaceAll('-', '_')}_0000_00_02_0`;
    await nextChange(adapter.ports, () => adapter.run('virsh', 'nodedev-start', name));
    expect(await findMdev()).toMatchObject({ active: true });
    await nextChange(adapter.ports, () => adapter.run('virsh', 'nodedev-destroy', name));
    expect(await findMdev()).toMatchObject({ active: false, persistent: true });
  });
});

describe('definitions', () => {
  it('with attributes that the driver does not take are refused, and nothing is written', async () => {
    for (const name of ['/etc/victim', '..', 'remove']) {
      const definition: MdevDefinition = { ...definitionOf(4), attributes: [[name, '1']] };
      await expect(adapter.ports.nodeDevices.define(definition)).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
    expect(await findMdev()).toBeUndefined();
  });

  it('of others that libvirt prints as no XML are listed, keep their UUID, and are left alone', async () => {
    const { nodeDevices } = adapter.ports;
    await adapter.run('mdevctl', 'define', '-u', uuid, '-p', parent, '--type', 'i915-GVTg_V5_4');
    await nextChange(adapter.ports, () =>
      adapter.run('mdevctl', 'modify', '-u', uuid, '--addattr', 'a', '--value', "it's <b"),
    );
    await expect.poll(findMdev, noticed).toMatchObject({
      uuid,
      parent,
      typeId: 'i915-GVTg_V5_4',
      active: false,
      persistent: true,
      parentPresent: true,
      unreadable: true,
      attributes: [],
    });
    for (const change of [
      () => nodeDevices.start(id),
      () => nodeDevices.undefine(id),
      () => nodeDevices.setAutostart(id, true),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'InvalidState', details: { uuid } });
    }
    await expect(nodeDevices.define(definitionOf(4))).rejects.toMatchObject({ code: 'AlreadyExists' });
    expect(await adapter.run('mdevctl', 'list', '-d')).toContain(uuid);
  });
});
