// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, parseParentName, parseUuid } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import type { LibvirtEvent } from './connections.js';
import { NodeDeviceMemory } from './node-device-memory.js';
import type { NodeDeviceRecord } from './node-device-records.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const typeId = 'i915-GVTg_V5_4';
const state = { active: false, persistent: true, autostart: false };
/** libvirt's names before 7.8 hold no parent. */
const oldName = `mdev_${uuid.replaceAll('-', '_')}`;

/** libvirt's name of the mdev under a parent, from 7.8 on. */
const nameUnder = (parent: string) => `${oldName}_${parent.replace(/[:.]/g, '_')}`;
/** libvirt's name of a PCI function. */
const pciName = (address: string) => `pci_${address.replace(/[:.]/g, '_')}`;

interface PciOptions {
  /** Instances left of the one type; absent: it is no parent. */
  readonly left?: number;
  readonly physicalFunction?: string;
}

/** As libvirt 9.0 prints it, without what is not read here. */
function pci(address: string, { left, physicalFunction }: PciOptions = {}): NodeDeviceRecord {
  const [domain, bus, slot, fn] = address.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  const types = `<capability type='mdev_types'><type id='${typeId}'><deviceAPI>vfio-pci</deviceAPI>
    <availableInstances>${left}</availableInstances></type></capability>`;
  const [, pfBus = '', pfSlot = '', pfFn = ''] = physicalFunction?.split(/[:.]/) ?? [];
  const pf = `<capability type='phys_function'><address domain='0x0000' bus='0x${pfBus}' slot='0x${pfSlot}'
    function='0x${pfFn}'/></capability>`;
  const xml = `<device><name>${pciName(address)}</name><path>/sys/devices/${address}</path><parent>computer</parent>
    <capability type='pci'><class>0x030000</class><domain>${domain}</domain><bus>${bus}</bus><slot>${slot}</slot>
    <function>${fn}</function><product id='0x1'/><vendor id='0x10de'/>
    ${left === undefined ? '' : types}${physicalFunction === undefined ? '' : pf}</capability></device>`;
  return { name: pciName(address), xml };
}

/** The mdev, by libvirt's name. */
function mdev(name: string, parent: string, changes: Partial<typeof state> = {}): NodeDeviceRecord {
  const xml = `<device><name>${name}</name><parent>${pciName(parent)}</parent><capability type='mdev'>
    <type id='${typeId}'/><uuid>${uuid}</uuid><parent_addr>${parent}</parent_addr></capability></device>`;
  return { name, xml, ...state, ...changes };
}

const first = '0000:01:00.0';
const second = '0000:02:00.0';
const newName = nameUnder(first);

/** What libvirt has, how it is read, and what it tells. */
function newLibvirt(...records: readonly NodeDeviceRecord[]) {
  const devices = new Map(records.map((record) => [record.name, record]));
  // Many others, so that a few names are no list.
  for (let bus = 0x40; bus < 0x60; bus += 1) {
    const other = pci(`0000:${bus.toString(16)}:00.0`);
    devices.set(other.name, other);
  }
  const reads: (readonly string[] | 'everything')[] = [];
  let tell: (event: LibvirtEvent) => void;
  let failure: DeviceError | undefined;
  const begin = (read: (typeof reads)[number]) => {
    reads.push(read);
    if (failure !== undefined) throw failure;
  };
  const connections = {
    onEvent: (listener: typeof tell) => void (tell = listener),
    readNodeDevices: () => Promise.reject(new Error('not asked')),
    withNodeDevices: () => Promise.reject(new Error('not asked')),
  };
  const memory = new NodeDeviceMemory(connections, {
    every: async () => {
      begin('everything');
      return [...devices.values()];
    },
    named: async (_connections, { withState, documents }) => {
      begin([...withState, ...documents].toSorted());
      return [
        ...withState.flatMap((name) => devices.get(name) ?? []),
        ...documents.flatMap((name) => devices.get(name) ?? []).map(({ name, xml }) => ({ name, xml })),
      ];
    },
  });
  return {
    memory,
    reads,
    tell: (name: string) => tell({ kind: 'node-device', name }),
    miss: () => tell({ kind: 'missed', of: 'node-devices' }),
    fail: (error: DeviceError | undefined) => void (failure = error),
    put: (...changed: readonly NodeDeviceRecord[]) => changed.forEach((record) => devices.set(record.name, record)),
    remove: (name: string) => void devices.delete(name),
    /** The mdevs as `parent state`. */
    mdevs: async () =>
      (await memory.listChanged()).mdevs.map(
        ({ parent, active, persistent }) => `${parent}${active ? ' active' : ''}${persistent ? ' persistent' : ''}`,
      ),
    /** The instances left of each parent. */
    left: async () =>
      Object.fromEntries(
        (await memory.listChanged()).parents.map(({ name, types }) => [name, types[0]?.availableInstances]),
      ),
  };
}

describe('the devices as they were read last', () => {
  it('are read at first, and then what libvirt tells of, with the counts of its parent', async () => {
    const { memory, reads, tell, put, left, mdevs } = newLibvirt(pci(first, { left: 2 }), pci(second, { left: 2 }));
    const before = await memory.listChanged();
    expect(await memory.listChanged()).toBe(before);
    expect(reads).toEqual(['everything']);
    put(mdev(newName, first, { active: true }), pci(first, { left: 1 }));
    tell(newName);
    expect(await left()).toEqual({ [first]: 1, [second]: 2 });
    expect(await mdevs()).toEqual([`${first} active persistent`]);
    expect(reads).toEqual(['everything', [newName, pciName(first)].toSorted()]);
    expect((await memory.listChanged()).pciDevices).toBe(before.pciDevices);
  });

  it('lose one that is gone', async () => {
    const host = newLibvirt(pci(first, { left: 1 }), mdev(newName, first));
    expect(await host.mdevs()).toEqual([`${first} persistent`]);
    host.remove(newName);
    host.put(pci(first, { left: 2 }));
    host.tell(newName);
    expect(await host.mdevs()).toEqual([]);
    expect(await host.left()).toEqual({ [first]: 2 });
    expect(host.reads).toHaveLength(2);
  });

  it('know one by its new name, when it has got one', async () => {
    const host = newLibvirt(pci(first, { left: 1 }), mdev(oldName, first));
    expect(await host.mdevs()).toEqual([`${first} persistent`]);
    host.remove(oldName);
    host.put(mdev(newName, first));
    host.tell(oldName);
    host.tell(newName);
    expect(await host.mdevs()).toEqual([`${first} persistent`]);
  });

  it('know one that came back under another parent by the same name, and the counts of both', async () => {
    const host = newLibvirt(pci(first, { left: 1 }), pci(second, { left: 2 }), mdev(oldName, first, { active: true }));
    expect(await host.mdevs()).toEqual([`${first} active persistent`]);
    host.put(mdev(oldName, second, { active: true }), pci(first, { left: 2 }), pci(second, { left: 1 }));
    host.tell(oldName);
    expect(await host.mdevs()).toEqual([`${second} active persistent`]);
    expect(await host.left()).toEqual({ [first]: 2, [second]: 1 });
  });

  it('are read again, all of them, when another device than an mdev comes or events were missed', async () => {
    const host = newLibvirt(pci(first, { left: 1 }));
    await host.left();
    host.put(pci(second, { left: 3 }));
    host.tell(pciName(second));
    expect(await host.left()).toEqual({ [first]: 1, [second]: 3 });
    host.remove(pciName(first));
    host.miss();
    expect(await host.left()).toEqual({ [second]: 3 });
    expect(host.reads).toEqual(['everything', 'everything', 'everything']);
  });

  it('are read in one list where many have changed', async () => {
    const host = newLibvirt(pci(first, { left: 1 }));
    await host.left();
    for (let number = 10; number < 30; number += 1) host.tell(newName.replace('7686131b', `768613${number}`));
    await host.left();
    expect(host.reads).toEqual(['everything', 'everything']);
  });

  it('are due again after a reading that failed', async () => {
    const host = newLibvirt(pci(first, { left: 1 }), mdev(newName, first));
    await host.mdevs();
    host.put(mdev(newName, first, { active: true }));
    host.tell(newName);
    host.fail(new DeviceError('Unavailable', 'libvirt cannot be reached'));
    await expect(host.mdevs()).rejects.toMatchObject({ code: 'Unavailable' });
    host.fail(undefined);
    expect(await host.mdevs()).toEqual([`${first} active persistent`]);
  });

  it('tell the state of an mdev whose name is libvirt’s for no mdev, when it is marked', async () => {
    const odd = 'mdev_of_somebody';
    const host = newLibvirt(pci(first, { left: 1 }), mdev(odd, first));
    expect(await host.mdevs()).toEqual([`${first} persistent`]);
    host.put(mdev(odd, first, { active: true }));
    host.memory.markMdev({ uuid: parseUuid(uuid), parent: parseParentName(first) });
    expect(await host.mdevs()).toEqual([`${first} active persistent`]);
    expect(host.reads.at(-1)).toEqual([odd, pciName(first)].toSorted());
  });

  it('say the same of an mdev’s parent whether it was read by name or in a list', async () => {
    // A parent of which nothing can be read: its name alone says that it is there.
    const channel = { name: 'css_0_0_0023', xml: '<device' };
    const orphan = { ...mdev(oldName, first), xml: mdev(oldName, first).xml.replace(pciName(first), channel.name) };
    const host = newLibvirt(channel, orphan);
    const present = async () => (await host.memory.listChanged()).mdevs.map(({ parentPresent }) => parentPresent);
    expect(await present()).toEqual([true]);
    host.memory.mark(channel.name);
    expect(await present()).toEqual([true]);
    expect(host.reads.at(-1)).toEqual([channel.name]);
  });

  it('name the parent of an unreadable mdev as soon as that can be read', async () => {
    const name = 'mtty_mtty';
    const parentXml = `<device><name>${name}</name><path>/sys/devices/virtual/mtty/mtty</path><parent>computer</parent>
      <capability type='mdev_types'><type id='mtty-2'><deviceAPI>vfio-pci</deviceAPI>
      <availableInstances>12</availableInstances></type></capability></device>`;
    const host = newLibvirt({ name, xml: '<' }, { ...state, name: oldName, parent: name, xml: '<' });
    expect(await host.mdevs()).toEqual(['unknown persistent']);
    host.put({ name, xml: parentXml });
    host.tell(name);
    expect(await host.mdevs()).toEqual(['mtty persistent']);
  });
});

describe('counts that move with an mdev', () => {
  const vf1 = '0000:01:00.4';
  const vf2 = '0000:01:00.5';
  const otherVf = '0000:02:00.4';
  const vf = (address: string, left: number, physicalFunction = first) => pci(address, { left, physicalFunction });

  it('are those of all virtual functions of one GPU, and of no other', async () => {
    const host = newLibvirt(pci(first), vf(vf1, 1), vf(vf2, 1), vf(otherVf, 1, second));
    await host.left();
    host.put(mdev(nameUnder(vf1), vf1), vf(vf1, 0), vf(vf2, 0), vf(otherVf, 7, second));
    host.tell(nameUnder(vf1));
    expect(await host.left()).toEqual({ [vf1]: 0, [vf2]: 0, [otherVf]: 1 });
  });

  it.each([
    ['the GPU itself', first],
    ['a virtual function', vf1],
  ])('are the GPU’s own too, where it is a parent: %s', async (_what, parent) => {
    const host = newLibvirt(pci(first, { left: 4 }), vf(vf1, 4), vf(otherVf, 4, second));
    await host.left();
    host.put(mdev(nameUnder(parent), parent), pci(first, { left: 3 }), vf(vf1, 3), vf(otherVf, 7, second));
    host.tell(nameUnder(parent));
    expect(await host.left()).toEqual({ [first]: 3, [vf1]: 3, [otherVf]: 4 });
  });

  it('are everybody’s where nobody knows whose it is', async () => {
    const host = newLibvirt(pci(first, { left: 1 }), pci(second, { left: 1 }));
    await host.left();
    host.put(mdev(oldName, second), pci(second, { left: 0 }));
    host.tell(oldName);
    expect(await host.left()).toEqual({ [first]: 1, [second]: 0 });
    expect(host.reads.at(-1)).toEqual([oldName, pciName(first), pciName(second)].toSorted());
  });
});
