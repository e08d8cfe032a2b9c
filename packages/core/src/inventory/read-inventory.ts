// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory } from '../model/inventory.js';
import type { HostPorts } from '../ports.js';
import { buildInventory, withDomains } from './build-inventory.js';
import { collectFacts } from './collected-facts.js';

/** Reads everything through the ports; rejects with the first port's DeviceError. */
export async function readInventory(ports: Pick<HostPorts, 'nodeDevices' | 'domains' | 'facts'>): Promise<Inventory> {
  const [listing, domains] = await Promise.all([ports.nodeDevices.list(), ports.domains.list()]);
  return buildInventory(listing, domains, await collectFacts(listing, ports.facts));
}

/**
 * Reads everything but the domains, which stay as they were. For what must work while domains cannot be listed.
 * Rejects with the port's DeviceError.
 */
export async function readNodeDevices(
  ports: Pick<HostPorts, 'nodeDevices' | 'facts'>,
  before: Inventory,
): Promise<Inventory> {
  const listing = await ports.nodeDevices.list();
  return buildInventory(listing, [...before.domains.values()], await collectFacts(listing, ports.facts));
}

/**
 * Reads the domains alone; the rest stays as it was. For what must work while node devices cannot be listed.
 * Rejects with the port's DeviceError.
 */
export async function readDomains(ports: Pick<HostPorts, 'domains'>, before: Inventory): Promise<Inventory> {
  return withDomains(before, await ports.domains.list());
}
