// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory, MdevParent, MdevTypeId, MdevVgpu, ParentName, PciAddress, Vgpu } from '@vgpu/core';

/** What a Gpu object stands for: a physical PCI function, or a parent that is no PCI device. */
export type GpuDevice = PciAddress | ParentName;

/** How parents, devices and vGPUs of one inventory hang together. */
export interface Topology {
  readonly inventory: Inventory;
  /** The parents of every device that makes vGPUs, in the inventory's order. */
  readonly parentsByGpu: ReadonlyMap<GpuDevice, readonly MdevParent[]>;
  readonly vgpusByParent: ReadonlyMap<ParentName, readonly MdevVgpu[]>;
}

/** The published vGPUs; the other backings come with the work that makes them. */
export function isPublished(vgpu: Vgpu): vgpu is MdevVgpu {
  return vgpu.backing === 'mdev';
}

export function buildTopology(inventory: Inventory): Topology {
  const parents = [...inventory.parents.values()];
  return {
    inventory,
    parentsByGpu: groupBy(parents, (parent) => gpuOfParent(inventory, parent)),
    vgpusByParent: groupBy([...inventory.vgpus.values()].filter(isPublished), (vgpu) => vgpu.parent),
  };
}

/** The physical function of a parent that is a virtual function; else the parent itself. */
export function gpuOfParent(inventory: Inventory, parent: MdevParent): GpuDevice {
  if (parent.pciAddress === undefined) return parent.name;
  return inventory.pciDevices.get(parent.pciAddress)?.physicalFunction ?? parent.pciAddress;
}

/** The ids of all types that any of the parents offers, each once. */
export function typeIdsOf(parents: readonly MdevParent[]): readonly MdevTypeId[] {
  return [...new Set(parents.flatMap((parent) => parent.types.map((type) => type.typeId)))];
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
