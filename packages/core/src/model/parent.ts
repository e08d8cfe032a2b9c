// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';

/** A kind of mdev that one parent can make (kernel: Documentation/ABI/testing/sysfs-bus-vfio-mdev). */
export interface MdevType {
  readonly parent: ParentName;
  readonly typeId: MdevTypeId;
  /** The type's name file; undefined where the driver has none, as GVT-g. */
  readonly name: string | undefined;
  /** What a hypervisor opens: `vfio-pci`, `vfio-ccw` … */
  readonly deviceApi: string;
  /** How many more can be made now. */
  readonly availableInstances: number;
  /** The driver's own text, lines separated by \n without a final one; undefined where it cannot be read. */
  readonly description: string | undefined;
}

/** A device that makes mdevs. */
export interface MdevParent {
  readonly name: ParentName;
  /** undefined for a parent that is no PCI device, as mtty. */
  readonly pciAddress: PciAddress | undefined;
  /** In natural order of their ids: V5_2 before V5_10. */
  readonly types: readonly MdevType[];
}
