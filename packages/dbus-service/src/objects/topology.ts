// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  unlessEqualItems,
  type Domain,
  type Inventory,
  type MdevParent,
  type MdevTypeId,
  type MdevVgpu,
  type ParentName,
  type PciAddress,
  type Vgpu,
  type VgpuKey,
} from '@vgpu/core';

/** What a Gpu object stands for: a physical PCI function, or a parent that is no PCI device. */
export type GpuDevice = PciAddress | ParentName;

/** How parents, devices and vGPUs of one inventory hang together. */
export interface Topology {
  readonly inventory: Inventory;
  /** The parents of every device that makes vGPUs, in the inventory's order. */
  readonly parentsByGpu: ReadonlyMap<GpuDevice, readonly MdevParent[]>;
  readonly vgpusByParent: ReadonlyMap<ParentName, readonly MdevVgpu[]>;
  readonly vgpuKeys: readonly VgpuKey[];
  /** The domains that have a PCI device in one of their documents, in the inventory's order. */
  readonly domainsByPciDevice: ReadonlyMap<PciAddress, readonly Domain[]>;
}

/** The published vGPUs; the other backings come with the work that makes them. */
export function isPublished(vgpu: Vgpu): vgpu is MdevVgpu {
  return vgpu.backing === 'mdev';
}

/** @param before an earlier one: lists that are as they were are the same objects as there */
export function buildTopology(inventory: Inventory, before?: Topology): Topology {
  const last = before?.inventory;
  const isSameVgpus = before !== undefined && inventory.vgpus === last?.vgpus;
  const isSameDomains = before !== undefined && inventory.domains === last?.domains;
  return {
    inventory,
    parentsByGpu: keepLists(
      before?.parentsByGpu,
      groupBy(inventory.parents.values(), (parent) => gpuOfParent(inventory, parent)),
    ),
    vgpusByParent: isSameVgpus
      ? before.vgpusByParent
      : keepLists(
          before?.vgpusByParent,
          groupBy([...inventory.vgpus.values()].filter(isPublished), (vgpu) => vgpu.parent),
        ),
    vgpuKeys: isSameVgpus ? before.vgpuKeys : unlessEqualItems(before?.vgpuKeys, [...inventory.vgpus.keys()]),
    domainsByPciDevice: isSameDomains
      ? before.domainsByPciDevice
      : keepLists(before?.domainsByPciDevice, groupByPciDevice(inventory.domains.values())),
  };
}

function groupByPciDevice(domains: Iterable<Domain>): ReadonlyMap<PciAddress, readonly Domain[]> {
  const users = [...domains].flatMap((domain) => pciDevicesOf(domain).map((address) => ({ address, domain })));
  const groups = groupBy(users, ({ address }) => address);
  return new Map([...groups].map(([address, group]) => [address, group.map(({ domain }) => domain)]));
}

function pciDevicesOf({ inactive, active }: Domain): readonly PciAddress[] {
  const hostdevs = [...(inactive?.hostdevs ?? []), ...(active?.hostdevs ?? [])];
  return [...new Set(hostdevs.flatMap((hostdev) => (hostdev.kind === 'pci' ? [hostdev.address] : [])))];
}

function keepLists<K, T>(
  before: ReadonlyMap<K, readonly T[]> | undefined,
  after: ReadonlyMap<K, readonly T[]>,
): ReadonlyMap<K, readonly T[]> {
  return new Map([...after].map(([key, list]) => [key, unlessEqualItems(before?.get(key), list)]));
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

function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
