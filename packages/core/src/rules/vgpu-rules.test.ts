// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseParentName } from '../identity/device-names.js';
import { parsePciAddress } from '../identity/pci-address.js';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import { formatVgpuKey, type Vgpu } from '../model/vgpu.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleDevices, sampleDomain, sampleHostdev, sampleHostFile, sampleMdev } from '../testing/samples.js';
import { domainInUse, domainsAssigned, hasPendingRestart, isHostdevOf, vgpusOfDomain } from './domain-use.js';
import { buildIommuGroups } from './iommu-groups.js';
import { refuseWhileInUse, unknownParent } from './mdev-checks.js';
import { findVgpus, resolveVgpu } from './resolve-vgpu.js';
import { vgpuState, vgpuStates } from './vgpu-state.js';

const uuid = parseUuid(sampleMdev().uuid);
const gpu = parseParentName('0000:00:02.0');
const gone = parseParentName('0000:99:00.0');
const other = parseUuid('11111111-2222-4333-8444-555555555555');
const vf: Vgpu = { backing: 'sriov-vf', uuid: other, parent: gpu, address: parsePciAddress('3b:00.4'), iommuGroup: 9 };

function inventoryOf(...args: ConstructorParameters<typeof InMemoryHost>) {
  return readInventory(new InMemoryHost(...args));
}

describe('vgpuState', () => {
  it('is in the closed set for every backing', async () => {
    const file = sampleHostFile([sampleMdev({ active: true }), sampleMdev({ uuid: other, parent: gone })]);
    const { vgpus } = await inventoryOf(file);
    expect([...vgpus.values()].map(vgpuState)).toEqual(['active', 'parent-missing']);
    expect([vgpuState(vf), vgpuState({ ...vf, backing: 'vendor-vfio', typeNumber: 0 })]).toEqual([
      'active',
      'inactive',
    ]);
    expect(vgpuStates).toContain(vgpuState({ ...vf, backing: 'vendor-vfio', typeNumber: 7 }));
  });

  it('of a stored mdev is inactive', async () => {
    const { vgpus } = await inventoryOf(sampleHostFile([sampleMdev()]));
    expect([...vgpus.values()].map(vgpuState)).toEqual(['inactive']);
  });
});

describe('who uses a vGPU', () => {
  const devices = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
  const stored = sampleDomain({ name: 'stored', inactive: devices });
  const running = sampleDomain({ uuid: other, name: 'running', state: 'running', active: devices });

  it('tells stored definitions from running domains', async () => {
    const inventory = await inventoryOf(sampleHostFile([sampleMdev({ active: true })]), { domains: [stored, running] });
    const vgpu = resolveVgpu(inventory, uuid);
    expect(domainsAssigned(inventory, vgpu).map(({ name }) => name)).toEqual(['stored']);
    expect(domainInUse(inventory, vgpu)?.name).toBe('running');
    expect(vgpusOfDomain(inventory, stored)).toEqual([vgpu]);
    expect(vgpusOfDomain(inventory, running)).toEqual([]);
    expect(vgpusOfDomain(inventory, { ...running, inactive: undefined })).toEqual([vgpu]);
  });

  it('matches a virtual function by its address', () => {
    const address = parsePciAddress('3b:00.4');
    expect(isHostdevOf({ kind: 'pci', address, managed: false }, vf)).toBe(true);
    expect(isHostdevOf({ kind: 'pci', address: parsePciAddress('3b:00.5'), managed: false }, vf)).toBe(false);
    expect(isHostdevOf(sampleHostdev(other), vf)).toBe(false);
  });

  it('sees what waits for the next start', () => {
    expect(hasPendingRestart(stored)).toBe(false);
    expect(hasPendingRestart(running)).toBe(true);
    expect(hasPendingRestart({ ...running, inactive: devices })).toBe(false);
    const noVideo = sampleDevices({ hostdevs: devices.hostdevs, videos: [] });
    expect(hasPendingRestart({ ...running, inactive: noVideo })).toBe(true);
    const pci = { kind: 'pci', address: parsePciAddress('00:14.0'), managed: true } as const;
    const two = sampleDevices({ hostdevs: [pci, sampleHostdev(uuid)] });
    const sameTurned = sampleDevices({ hostdevs: [sampleHostdev(uuid), pci] });
    expect(hasPendingRestart({ ...running, active: two, inactive: sameTurned })).toBe(false);
  });
});

describe('resolveVgpu', () => {
  const twins = sampleHostFile([sampleMdev(), sampleMdev({ parent: gone })]);

  it('finds the one', async () => {
    const inventory = await inventoryOf(sampleHostFile([sampleMdev()]));
    expect(formatVgpuKey(resolveVgpu(inventory, uuid))).toBe(`${uuid}_0000:00:02.0`);
  });

  it('refuses none: NotFound', async () => {
    const inventory = await inventoryOf(sampleHostFile());
    expect(() => resolveVgpu(inventory, uuid)).toThrow(expect.objectContaining({ code: 'NotFound' }));
  });

  it('refuses several: Ambiguous, and names their parents', async () => {
    const inventory = await inventoryOf(twins);
    expect(findVgpus(inventory, uuid)).toHaveLength(2);
    expect(() => resolveVgpu(inventory, uuid)).toThrow(
      expect.objectContaining({ code: 'Ambiguous', details: { uuid, parents: ['0000:00:02.0', '0000:99:00.0'] } }),
    );
    expect(() => resolveVgpu(inventory, uuid)).toThrow(`mdevctl undefine --uuid ${uuid} --parent 0000:99:00.0`);
  });
});

describe('refuseWhileInUse', () => {
  const vgpu = { backing: 'mdev', uuid, parent: parseParentName('0000:00:02.0') } as Vgpu;
  const running = sampleDomain({ state: 'running', active: sampleDevices() });

  it('is silent where every running domain says what it has', () => {
    expect(() =>
      refuseWhileInUse([running, sampleDomain({ unreadable: true, active: undefined })], vgpu),
    ).not.toThrow();
  });

  it.each([{ unreadable: true }, { outdated: true }])('names a running domain that may have it: %o', (unknown) => {
    expect(() => refuseWhileInUse([running, { ...running, name: 'odd', ...unknown }], vgpu)).toThrow(
      expect.objectContaining({ code: 'DeviceBusy', details: expect.objectContaining({ domainName: 'odd' }) }),
    );
  });
});

describe('unknownParent', () => {
  it('names those that make vGPUs, not all of a hundred', () => {
    expect(unknownParent('a', ['b', 'c']).message).toMatch(/^a is no device .*: these can: b, c$/);
    const many = Array.from({ length: 100 }, (_, index) => `p${index}`);
    expect(unknownParent('a', many).message).toMatch(/: p0, p1, p2, p3, p4, p5, p6, p7 and 92 more$/);
    expect(unknownParent('a', []).message).toBe('a makes no vGPUs: this host has no device that can make vGPUs');
    expect(unknownParent(undefined, []).message).toBe('this host has no device that can make vGPUs');
  });
});

const device = (address: string, iommuGroup: number | undefined) => ({
  address: parsePciAddress(address),
  iommuGroup,
});

describe('buildIommuGroups', () => {
  it('has every grouped device once, in order', async () => {
    const { iommuGroups } = await inventoryOf(sampleHostFile([sampleMdev({ active: true })]));
    expect([...iommuGroups.values()]).toEqual([
      { number: 0, pciDevices: ['0000:00:02.0'], vgpus: [] },
      { number: 15, pciDevices: ['0000:3d:00.0'], vgpus: [] },
      { number: 16, pciDevices: [], vgpus: [`${uuid}_0000:00:02.0`] },
    ]);
  });

  it('sorts groups by number and devices naturally, and leaves out those without one', () => {
    const devices = [device('00:14.2', 10), device('00:14.0', 10), device('00:01.0', 9), device('00:00.0', undefined)];
    expect([...buildIommuGroups(devices, []).values()]).toEqual([
      { number: 9, pciDevices: ['0000:00:01.0'], vgpus: [] },
      { number: 10, pciDevices: ['0000:00:14.0', '0000:00:14.2'], vgpus: [] },
    ]);
  });
});
