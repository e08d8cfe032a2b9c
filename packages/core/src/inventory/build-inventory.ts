// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevParent } from '../model/parent.js';
import type { PciDevice } from '../model/pci-device.js';
import { formatVgpuKey } from '../model/vgpu.js';
import type { ListedParent, ListedPciDevice, NodeDeviceListing } from '../ports.js';
import { buildIommuGroups } from '../rules/iommu-groups.js';
import { compareNaturally } from '../rules/natural-order.js';
import type { CollectedFacts } from './collected-facts.js';

/** Assembles one picture of a host. All maps are in natural order of their keys, whatever the listing's order. */
export function buildInventory(
  listing: NodeDeviceListing,
  domains: readonly Domain[],
  facts: CollectedFacts,
): Inventory {
  const pciDevices = inOrder(listing.pciDevices, (device) => device.address);
  const parents = inOrder(listing.parents, (parent) => parent.name);
  const vgpus = inOrder(listing.mdevs, formatVgpuKey);
  return {
    pciDevices: new Map(pciDevices.map((device) => [device.address, toPciDevice(device, facts)])),
    iommuGroups: buildIommuGroups(pciDevices, vgpus),
    parents: new Map(parents.map((parent) => [parent.name, toMdevParent(parent, facts)])),
    vgpus: new Map(vgpus.map((vgpu) => [formatVgpuKey(vgpu), vgpu])),
    domains: toDomains(domains),
  };
}

/** The same picture with other domains. */
export function withDomains(inventory: Inventory, domains: readonly Domain[]): Inventory {
  return { ...inventory, domains: toDomains(domains) };
}

function toDomains(domains: readonly Domain[]): Inventory['domains'] {
  return new Map(inOrder(domains, (domain) => domain.name).map((domain) => [domain.uuid, domain]));
}

function toPciDevice(listed: ListedPciDevice, facts: CollectedFacts): PciDevice {
  const known = facts.pciDevices.get(listed.address);
  return {
    ...listed,
    revision: known?.revision,
    className: known?.className,
    vendorName: known?.vendorName,
    productName: known?.productName,
    bootVga: known?.bootVga ?? false,
    renderNode: known?.renderNode,
  };
}

function toMdevParent(listed: ListedParent, facts: CollectedFacts): MdevParent {
  const known = facts.mdevTypes.get(listed.name);
  return {
    name: listed.name,
    pciAddress: listed.pciAddress,
    types: inOrder(listed.types, (type) => type.typeId).map((type) => ({
      parent: listed.name,
      typeId: type.typeId,
      name: type.name ?? known?.get(type.typeId)?.name,
      deviceApi: type.deviceApi,
      availableInstances: type.availableInstances,
      description: known?.get(type.typeId)?.description,
    })),
  };
}

function inOrder<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items.toSorted((a, b) => compareNaturally(key(a), key(b)));
}
