// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';
import type {
  HostFactsPort,
  ListedParent,
  ListedPciDevice,
  MdevTypeFacts,
  NodeDeviceListing,
  PciFacts,
} from '../ports.js';
import { unlessEqualFields, unlessEqualMap } from '../rules/reuse.js';

/** What HostFactsPort knows about everything in one listing; a missing entry means nothing is known. */
export interface CollectedFacts {
  readonly pciDevices: ReadonlyMap<PciAddress, PciFacts>;
  readonly mdevTypes: ReadonlyMap<ParentName, ReadonlyMap<MdevTypeId, MdevTypeFacts>>;
}

export const noFacts: CollectedFacts = { pciDevices: new Map(), mdevTypes: new Map() };

/** Facts that were collected for an earlier listing. */
export interface EarlierFacts {
  readonly listing: NodeDeviceListing;
  readonly facts: CollectedFacts;
  /** Whether what is listed as it was then needs no asking. */
  readonly trusted: boolean;
}

const nothingEarlier: EarlierFacts = {
  listing: { pciDevices: [], parents: [], mdevs: [] },
  facts: noFacts,
  trusted: false,
};

/** Asks the port about every PCI device and type of a listing, but for what is trusted. Equal facts stay the same objects. */
export async function collectFacts(
  listing: NodeDeviceListing,
  port: Pick<HostFactsPort, 'pciFacts' | 'mdevTypeFacts'>,
  earlier: EarlierFacts = nothingEarlier,
): Promise<CollectedFacts> {
  const { facts, trusted } = earlier;
  const pciDevices =
    trusted && listing.pciDevices === earlier.listing.pciDevices
      ? facts.pciDevices
      : collectPciFacts(listing.pciDevices, port, earlier);
  const mdevTypes =
    trusted && listing.parents === earlier.listing.parents
      ? facts.mdevTypes
      : collectTypeFacts(listing.parents, port, earlier);
  return { pciDevices: await pciDevices, mdevTypes: await mdevTypes };
}

async function collectPciFacts(
  devices: readonly ListedPciDevice[],
  port: Pick<HostFactsPort, 'pciFacts'>,
  { listing, facts, trusted }: EarlierFacts,
): Promise<CollectedFacts['pciDevices']> {
  const same = new Set(trusted ? listing.pciDevices : []);
  const read = devices.map(async (device) => {
    const before = facts.pciDevices.get(device.address);
    if (before !== undefined && same.has(device)) return [device.address, before] as const;
    return [device.address, unlessEqualFields(before, await port.pciFacts(device))] as const;
  });
  return unlessEqualMap(facts.pciDevices, new Map(await Promise.all(read)));
}

/** What a parent can make changes with every vGPU, what its types are does not: they are asked only when one is new. */
async function collectTypeFacts(
  parents: readonly ListedParent[],
  port: Pick<HostFactsPort, 'mdevTypeFacts'>,
  { facts, trusted }: EarlierFacts,
): Promise<CollectedFacts['mdevTypes']> {
  const read = parents.map(async (parent) => {
    const before = facts.mdevTypes.get(parent.name);
    const isKnown = before?.size === parent.types.length && parent.types.every(({ typeId }) => before.has(typeId));
    if (before !== undefined && isKnown && trusted) return [parent.name, before] as const;
    const types = parent.types.map(async ({ typeId }) => {
      return [typeId, unlessEqualFields(before?.get(typeId), await port.mdevTypeFacts(parent, typeId))] as const;
    });
    return [parent.name, unlessEqualMap(before ?? new Map(), new Map(await Promise.all(types)))] as const;
  });
  return unlessEqualMap(facts.mdevTypes, new Map(await Promise.all(read)));
}
