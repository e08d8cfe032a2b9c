// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PciAddress } from '../identity/pci-address.js';

/** A PCI function as libvirt, sysfs and the PCI ID database describe it together. */
export interface PciDevice {
  readonly address: PciAddress;
  /** 24 bits: base class, subclass, programming interface; `0x030000` is a VGA controller. */
  readonly classId: number;
  readonly vendorId: number;
  readonly productId: number;
  /** 8 bits; undefined where sysfs cannot be read. */
  readonly revision: number | undefined;
  /** From the PCI ID database; undefined where it has no entry. */
  readonly className: string | undefined;
  readonly vendorName: string | undefined;
  readonly productName: string | undefined;
  /** The bound kernel driver; undefined when none is bound. */
  readonly driver: string | undefined;
  /** undefined on a host without an IOMMU. */
  readonly iommuGroup: number | undefined;
  /** undefined where the firmware does not tell. */
  readonly numaNode: number | undefined;
  /** Whether the firmware's console is on it. */
  readonly bootVga: boolean;
  /** The physical function when this is an SR-IOV virtual function. */
  readonly physicalFunction: PciAddress | undefined;
  /** Name of its DRM render node, for example `renderD128`; undefined when it has none. */
  readonly renderNode: string | undefined;
}
