// SPDX-License-Identifier: LGPL-2.1-or-later
import { readInventory } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { buildObjects } from '../objects/build-objects.js';
import type { ManagerState } from '../objects/manager.js';
import { gpuPath, makeDomain, makeHost, pciPath, vgpuPath, vgpuUuid } from '../testing/hosts.js';
import { diffObjects, type Signal } from './diff.js';

const manager: ManagerState = {
  version: '1',
  libvirtUri: 'test:///',
  libvirtVersion: undefined,
  mdevctlVersion: undefined,
  connected: true,
  stale: false,
  lastRefreshUsec: 1n,
};

const host = makeHost();
const before = buildObjects(await readInventory(host), manager);
const [parent] = (await host.nodeDevices.list()).parents;
if (parent === undefined) throw new Error('no parent');
const id = { uuid: vgpuUuid, parent: parent.name };
const [type] = parent.types;
if (type === undefined) throw new Error('no type');
await host.nodeDevices.define({ ...id, typeId: type.typeId, attributes: [] });
await host.nodeDevices.start(id);
const after = buildObjects(await readInventory(host), manager);

const summary = (signals: readonly Signal[]) => signals.map(({ path, member, body }) => [member, path, body.values[0]]);

describe('diffObjects', () => {
  it('is nothing for equal objects', () => {
    expect(diffObjects(before, before)).toEqual([]);
  });

  it('adds before it changes, and names only what changed', () => {
    const signals = diffObjects(before, after);
    expect(summary(signals).slice(0, 2)).toEqual([
      ['InterfacesAdded', '/me/phyllo/Vgpu1', '/me/phyllo/Vgpu1/iommu_group/2'],
      ['InterfacesAdded', '/me/phyllo/Vgpu1', vgpuPath],
    ]);
    const changed = signals.filter((signal) => signal.member === 'PropertiesChanged');
    const gpu = changed.find((signal) => signal.path === gpuPath);
    expect(gpu?.body.values).toEqual(['me.phyllo.Vgpu1.Gpu', { Vgpus: { signature: 'ao', value: [vgpuPath] } }, []]);
    // Types share what they are made of: all counts moved.
    expect(changed.filter((signal) => signal.path.startsWith(`${gpuPath}/type/`))).toHaveLength(4);
    expect(changed.map((signal) => signal.path)).toContain(pciPath);
  });

  it('removes after it changed, first what names others', () => {
    const signals = diffObjects(after, before);
    expect(summary(signals).slice(-2)).toEqual([
      ['InterfacesRemoved', '/me/phyllo/Vgpu1', vgpuPath],
      ['InterfacesRemoved', '/me/phyllo/Vgpu1', '/me/phyllo/Vgpu1/iommu_group/2'],
    ]);
    const group = signals.find(({ path }) => path.endsWith('/iommu_group/2'));
    expect(group?.body.values).toEqual(['me.phyllo.Vgpu1.IommuGroup', { Devices: { signature: 'ao', value: [] } }, []]);
  });

  it('says nothing about a property that changes without a signal', async () => {
    const later = buildObjects(await readInventory(makeHost()), { ...manager, lastRefreshUsec: 2n });
    expect(diffObjects(before, later)).toEqual([]);
  });

  it('sees a change inside a list of dictionaries', async () => {
    const domain = makeDomain();
    const stored = domain.inactive;
    if (stored === undefined) throw new Error('not stored');
    const other = makeHost([{ ...domain, inactive: { ...stored, videos: [] } }]);
    const signals = diffObjects(before, buildObjects(await readInventory(other), manager));
    expect(signals.map((signal) => signal.body.values[1])).toEqual([{ Videos: { signature: 'aa{sv}', value: [] } }]);
  });
});
