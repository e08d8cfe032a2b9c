// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';
import type { HostFactsPort, MdevTypeFacts, NodeDeviceListing, PciFacts } from '../ports.js';

/** What HostFactsPort knows about everything in one listing; a missing entry means nothing is known. */
export interface CollectedFacts {
  readonly pciDevices: ReadonlyMap<PciAddress, PciFacts>;
  readonly mdevTypes: ReadonlyMap<ParentName, ReadonlyMap<MdevTypeId, MdevTypeFacts>>;
}

/** Asks the port about every PCI device and type of a listing. */
export async function collectFacts(
  listing: NodeDeviceListing,
  port: Pick<HostFactsPort, 'pciFacts' | 'mdevTypeFacts'>,
): Promise<CollectedFacts> {
  const pciDevices = Promise.all(
    listing.pciDevices.map(async (device) => [device.address, await port.pciFacts(device)] as const),
  );
  const mdevTypes = Promise.all(
    listing.parents.map(async (parent) => {
      const types = parent.types.map(async ({ typeId }) => [typeId, await port.mdevTypeFacts(parent, typeId)] as const);
      return [parent.name, new Map(await Promise.all(types))] as const;
    }),
  );
  return { pciDevices: new Map(await pciDevices), mdevTypes: new Map(await mdevTypes) };
}
