// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { ChangeExtent, HostPorts, NodeDeviceListing } from '../ports.js';
import { buildInventory } from './build-inventory.js';
import { collectFacts, type CollectedFacts } from './collected-facts.js';
import { emptyReading, type InventoryReading } from './inventory-reading.js';

type ReadingPorts = Pick<HostPorts, 'nodeDevices' | 'domains' | 'facts'>;

/** Reads everything through the ports; rejects with the first port's DeviceError. */
export async function readInventory(ports: ReadingPorts): Promise<Inventory> {
  return (await readAgain(ports, emptyReading, 'everything')).inventory;
}

/**
 * Reads what may have changed since; what did not is the same objects as before. Facts are read of what is new or
 * changed, and with `everything` of all. Rejects with the first port's DeviceError.
 */
export async function readAgain(
  ports: ReadingPorts,
  before: InventoryReading,
  extent: ChangeExtent,
): Promise<InventoryReading> {
  const method = extent === 'everything' ? 'list' : 'listChanged';
  const [listing, domains] = await Promise.all([ports.nodeDevices[method](), ports.domains[method]()]);
  return assemble(before, { listing, domains, facts: await readFacts(ports, listing, before, extent) });
}

/**
 * Reads everything but the domains, which stay as they were. For what must work while domains cannot be listed.
 * Rejects with the port's DeviceError.
 */
export async function readNodeDevices(
  ports: Pick<HostPorts, 'nodeDevices' | 'facts'>,
  before: InventoryReading,
): Promise<InventoryReading> {
  const listing = await ports.nodeDevices.list();
  const facts = await readFacts(ports, listing, before, 'everything');
  return assemble(before, { listing, domains: before.domains, facts });
}

/** The same reading with other domains. */
export function withDomains(before: InventoryReading, domains: readonly Domain[]): InventoryReading {
  return assemble(before, { listing: before.listing, domains, facts: before.facts });
}

async function readFacts(
  ports: Pick<HostPorts, 'facts'>,
  listing: NodeDeviceListing,
  before: InventoryReading,
  extent: ChangeExtent,
): Promise<CollectedFacts> {
  return await collectFacts(listing, ports.facts, {
    listing: before.listing,
    facts: before.facts,
    trusted: extent === 'some',
  });
}

function assemble(before: InventoryReading, read: Omit<InventoryReading, 'inventory'>): InventoryReading {
  return { ...read, inventory: buildInventory(read.listing, read.domains, read.facts, before) };
}
