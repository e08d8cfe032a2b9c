// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { NodeDeviceListing } from '../ports.js';
import { noFacts, type CollectedFacts } from './collected-facts.js';

/** A picture of a host with what it was made of, so that the next one can reuse all that stays the same. */
export interface InventoryReading {
  readonly inventory: Inventory;
  readonly listing: NodeDeviceListing;
  readonly domains: readonly Domain[];
  readonly facts: CollectedFacts;
}

/** Nothing was read yet. */
export const emptyReading: InventoryReading = {
  inventory: {
    pciDevices: new Map(),
    iommuGroups: new Map(),
    parents: new Map(),
    vgpus: new Map(),
    domains: new Map(),
  },
  listing: { pciDevices: [], parents: [], mdevs: [] },
  domains: [],
  facts: noFacts,
};
