// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';
import type { Uuid } from '../identity/uuid.js';

/** Name and value, in the order in which mdevctl writes them. */
export type MdevAttribute = readonly [name: string, value: string];

interface VgpuIdentity {
  readonly uuid: Uuid;
  /** Kept when the parent is not there. */
  readonly parent: ParentName;
}

/** A vGPU that is a mediated device. */
export interface MdevVgpu extends VgpuIdentity {
  readonly backing: 'mdev';
  /** Whether the parent device is on the host now. */
  readonly parentPresent: boolean;
  readonly typeId: MdevTypeId;
  /** Running: the kernel has the device. */
  readonly active: boolean;
  /** Stored: mdevctl has a definition. Active and not persistent is *transient*. */
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly attributes: readonly MdevAttribute[];
  /** undefined while it is not active. */
  readonly iommuGroup: number | undefined;
  /**
   * true: what the host tells of it cannot be read. The UUID counts; attributes are not known and the list is empty,
   * type and parent are `unknown…` where nothing names them. Nobody here starts or changes it. Absent: false.
   */
  readonly unreadable?: boolean | undefined;
}

/** A vGPU that is an SR-IOV virtual function. */
export interface SriovVgpu extends VgpuIdentity {
  readonly backing: 'sriov-vf';
  readonly address: PciAddress;
  readonly iommuGroup: number | undefined;
}

/** A virtual function whose type is set through the vendor's own VFIO driver. */
export interface VendorVfioVgpu extends VgpuIdentity {
  readonly backing: 'vendor-vfio';
  readonly address: PciAddress;
  /** The vendor's number; 0 while unset. */
  readonly typeNumber: number;
  readonly iommuGroup: number | undefined;
}

/** What a domain can be given. */
export type Vgpu = MdevVgpu | SriovVgpu | VendorVfioVgpu;

declare const brand: unique symbol;

/** A vGPU's identity as one string, `<uuid>_<parent>`: the same UUID can be defined under two parents. */
export type VgpuKey = string & { readonly [brand]: 'VgpuKey' };

export function formatVgpuKey(id: { readonly uuid: Uuid; readonly parent: ParentName }): VgpuKey {
  return `${id.uuid}_${id.parent}` as VgpuKey;
}
