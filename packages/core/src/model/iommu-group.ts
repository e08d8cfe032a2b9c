// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PciAddress } from '../identity/pci-address.js';
import type { VgpuKey } from './vgpu.js';

/** The smallest set of devices that the IOMMU can isolate (kernel: driver-api/vfio). */
export interface IommuGroup {
  readonly number: number;
  /** PCI functions in the group, sorted by address. */
  readonly pciDevices: readonly PciAddress[];
  /** Active vGPUs in the group: every mdev has a group of its own. */
  readonly vgpus: readonly VgpuKey[];
}
