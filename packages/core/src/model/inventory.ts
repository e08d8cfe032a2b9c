// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from './domain.js';
import type { IommuGroup } from './iommu-group.js';
import type { MdevParent } from './parent.js';
import type { PciDevice } from './pci-device.js';
import type { Vgpu, VgpuKey } from './vgpu.js';

/** One immutable picture of a host; rules and plans are pure functions of it. */
export interface Inventory {
  readonly pciDevices: ReadonlyMap<PciAddress, PciDevice>;
  readonly iommuGroups: ReadonlyMap<number, IommuGroup>;
  readonly parents: ReadonlyMap<ParentName, MdevParent>;
  readonly vgpus: ReadonlyMap<VgpuKey, Vgpu>;
  readonly domains: ReadonlyMap<Uuid, Domain>;
}
