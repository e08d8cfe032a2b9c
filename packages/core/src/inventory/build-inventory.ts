// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevParent, MdevType } from '../model/parent.js';
import type { PciDevice } from '../model/pci-device.js';
import { formatVgpuKey, type VgpuKey } from '../model/vgpu.js';
import type { ListedParent, ListedPciDevice, NodeDeviceListing } from '../ports.js';
import { buildIommuGroups } from '../rules/iommu-groups.js';
import type { CollectedFacts } from './collected-facts.js';
import { emptyReading, type InventoryReading } from './inventory-reading.js';
import { inNaturalOrder, unlessEqualFields, unlessEqualItems, unlessEqualMap } from '../rules/reuse.js';

/**
 * Assembles one picture of a host. All maps are in natural order of their keys, whatever the listing's order.
 * @param before an earlier reading: whatever is as it was is the same object as there, each map too
 */
export function buildInventory(
  listing: NodeDeviceListing,
  domains: readonly Domain[],
  facts: CollectedFacts,
  before: InventoryReading = emptyReading,
): Inventory {
  const last = before.inventory;
  const pciDevices =
    listing.pciDevices === before.listing.pciDevices && facts.pciDevices === before.facts.pciDevices
      ? last.pciDevices
      : buildPciDevices(listing.pciDevices, facts, last);
  const parents =
    listing.parents === before.listing.parents && facts.mdevTypes === before.facts.mdevTypes
      ? last.parents
      : buildParents(listing.parents, facts, last);
  const vgpus = listing.mdevs === before.listing.mdevs ? last.vgpus : buildVgpus(listing.mdevs, last);
  return {
    pciDevices,
    iommuGroups:
      pciDevices === last.pciDevices && vgpus === last.vgpus
        ? last.iommuGroups
        : buildIommuGroups(pciDevices.values(), vgpus.values(), last.iommuGroups),
    parents,
    vgpus,
    domains: domains === before.domains ? last.domains : buildDomains(domains, last),
  };
}

function buildPciDevices(
  listed: readonly ListedPciDevice[],
  facts: CollectedFacts,
  last: Inventory,
): Inventory['pciDevices'] {
  const ordered = inNaturalOrder(listed, (device) => device.address, last.pciDevices.keys());
  return unlessEqualMap(
    last.pciDevices,
    new Map(
      ordered.map((device) => [
        device.address,
        unlessEqualFields(last.pciDevices.get(device.address), toPciDevice(device, facts)),
      ]),
    ),
  );
}

function buildParents(listed: readonly ListedParent[], facts: CollectedFacts, last: Inventory): Inventory['parents'] {
  const ordered = inNaturalOrder(listed, (parent) => parent.name, last.parents.keys());
  return unlessEqualMap(
    last.parents,
    new Map(ordered.map((parent) => [parent.name, toMdevParent(parent, facts, last.parents.get(parent.name))])),
  );
}

function buildVgpus(mdevs: NodeDeviceListing['mdevs'], last: Inventory): Inventory['vgpus'] {
  const keys = new Map(mdevs.map((mdev): [typeof mdev, VgpuKey] => [mdev, formatVgpuKey(mdev)]));
  const keyOf = (mdev: (typeof mdevs)[number]) => keys.get(mdev) ?? formatVgpuKey(mdev);
  const ordered = inNaturalOrder(mdevs, keyOf, last.vgpus.keys());
  return unlessEqualMap(last.vgpus, new Map(ordered.map((mdev) => [keyOf(mdev), mdev])));
}

function buildDomains(domains: readonly Domain[], last: Inventory): Inventory['domains'] {
  const known = [...last.domains.values()].map((domain) => domain.name);
  const ordered = inNaturalOrder(domains, (domain) => domain.name, known);
  return unlessEqualMap(last.domains, new Map(ordered.map((domain) => [domain.uuid, domain])));
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

function toMdevParent(listed: ListedParent, facts: CollectedFacts, before: MdevParent | undefined): MdevParent {
  const known = facts.mdevTypes.get(listed.name);
  const typesBefore = new Map(before?.types.map((type) => [type.typeId, type]));
  const types = inNaturalOrder(listed.types, (type) => type.typeId, typesBefore.keys()).map((type): MdevType =>
    unlessEqualFields(typesBefore.get(type.typeId), {
      parent: listed.name,
      typeId: type.typeId,
      name: type.name ?? known?.get(type.typeId)?.name,
      deviceApi: type.deviceApi,
      availableInstances: type.availableInstances,
      description: known?.get(type.typeId)?.description,
    }),
  );
  return unlessEqualFields(before, {
    name: listed.name,
    pciAddress: listed.pciAddress,
    types: unlessEqualItems(before?.types, types),
  });
}
