// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ParentName } from '../identity/device-names.js';
import type { Inventory } from '../model/inventory.js';
import { buildIommuGroups } from '../rules/iommu-groups.js';
import { inNaturalOrder } from '../rules/reuse.js';

/**
 * The picture `after` with these parents and all that hangs on them as they were `before`: their PCI functions and their
 * vGPUs. For parents that are gone, while nobody knows whether they come back at once. Everything else is as it is.
 */
export function keepParents(before: Inventory, after: Inventory, names: ReadonlySet<ParentName>): Inventory {
  if (names.size === 0) return after;
  const parents = new Map(after.parents);
  const pciDevices = new Map(after.pciDevices);
  const vgpus = new Map(after.vgpus);
  for (const name of names) {
    const parent = before.parents.get(name);
    if (parent === undefined) continue;
    parents.set(name, parent);
    const device = parent.pciAddress === undefined ? undefined : before.pciDevices.get(parent.pciAddress);
    if (device !== undefined) pciDevices.set(device.address, device);
  }
  for (const [key, vgpu] of before.vgpus) if (names.has(vgpu.parent)) vgpus.set(key, vgpu);
  return {
    ...after,
    parents: inOrder(parents, before.parents),
    pciDevices: inOrder(pciDevices, before.pciDevices),
    vgpus: inOrder(vgpus, before.vgpus),
    iommuGroups: buildIommuGroups(pciDevices.values(), vgpus.values(), before.iommuGroups),
  };
}

function inOrder<K extends string, V>(map: ReadonlyMap<K, V>, known: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  return new Map(inNaturalOrder([...map], ([key]) => key, known.keys()));
}
