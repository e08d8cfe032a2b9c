// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from host-file.schema.json by `pnpm generate`; do not edit.

/**
 * Kernel notation, hexadecimal, with the domain: 0000:00:02.0.
 */
export type PciAddressText = string;
/**
 * A device's name in sysfs: a PCI address, or for example mtty.
 */
export type KernelDeviceName = string;
export type MdevTypeIdText = string;
export type UuidText = string;

/**
 * One machine as data: what its kernel shows and what libvirt knows at the start. The emulated host and InMemoryHost both begin from it.
 */
export interface HostFile {
  /**
   * Path of this schema, for editors.
   */
  $schema?: string;
  /**
   * Version of this format.
   */
  version: 1;
  /**
   * Short name, equal to the file's name without .json.
   */
  name: string;
  /**
   * What machine this is and where its figures come from.
   */
  description: string;
  kernel: HostFileKernel;
  pciDevices: HostFilePciDevice[];
  parents: HostFileParent[];
  mdevs: HostFileMdev[];
  domains: HostFileDomain[];
  disks: HostFileDisk[];
}
export interface HostFileKernel {
  /**
   * As uname -r prints it.
   */
  release: string;
  /**
   * Content of /proc/cmdline without the final newline.
   */
  commandLine: string;
  /**
   * The "model name" of /proc/cpuinfo.
   */
  cpuModel: string;
  /**
   * Loaded modules, as in /proc/modules.
   */
  modules: string[];
  /**
   * Kernel configuration options by name, for example CONFIG_DRM_I915_GVT_KVMGT: "m".
   */
  config: {
    [k: string]: string;
  };
}
export interface HostFilePciDevice {
  address: PciAddressText;
  vendor: string;
  device: string;
  /**
   * 24 bits: base class, subclass, programming interface.
   */
  class: string;
  revision: string;
  subsystemVendor?: string;
  subsystemDevice?: string;
  /**
   * Bound kernel driver; absent when none is bound.
   */
  driver?: string;
  /**
   * Absent on a host without an IOMMU.
   */
  iommuGroup?: number;
  /**
   * -1 or absent: not known.
   */
  numaNode?: number;
  /**
   * Kernel notation, hexadecimal, with the domain: 0000:00:02.0.
   */
  upstreamPort?: string;
  /**
   * The firmware's console; absent: false.
   */
  bootVga?: boolean;
  drm?: {
    card: string;
    render?: string;
  };
}
export interface HostFileParent {
  name: KernelDeviceName;
  capacity: GvtgCapacity | TimeSlicedCapacity;
}
/**
 * Intel GVT-g: all types share graphics memory and fences; types and counts follow from the aperture (Linux 6.1 drivers/gpu/drm/i915/gvt).
 */
export interface GvtgCapacity {
  model: 'gvt-g';
  /**
   * For example i915-GVTg_V5_.
   */
  typePrefix: string;
  apertureMiB: number;
  /**
   * Absent: 4096.
   */
  globalGttMiB?: number;
}
/**
 * Each type has a maximum of its own; homogeneous: while one type runs the siblings have no instance (NVIDIA's default).
 */
export interface TimeSlicedCapacity {
  model: 'time-sliced';
  homogeneous: boolean;
  /**
   * @minItems 1
   */
  types: [TimeSlicedType, ...TimeSlicedType[]];
}
export interface TimeSlicedType {
  id: MdevTypeIdText;
  /**
   * Content of the type's name file; absent: no such file.
   */
  name?: string;
  deviceApi: 'vfio-pci' | 'vfio-ccw' | 'vfio-ap' | 'vfio-platform';
  /**
   * Content of the type's description file; absent: no such file.
   */
  description?: string;
  maxInstances: number;
}
export interface HostFileMdev {
  uuid: UuidText;
  parent: KernelDeviceName;
  type: MdevTypeIdText;
  active: boolean;
  persistent: boolean;
  autostart: boolean;
  /**
   * Name and value pairs in order; absent: none.
   */
  attributes?: [string, string][];
}
export interface HostFileDomain {
  /**
   * Lines of the domain's XML, as given to libvirt; it must hold name and uuid.
   *
   * @minItems 1
   */
  xml: [string, ...string[]];
  /**
   * Started when the host comes up; absent: false.
   */
  running?: boolean;
  autostart?: boolean;
}
export interface HostFileDisk {
  /**
   * Block device name: nvme0n1.
   */
  name: string;
  pciDevice: PciAddressText;
  /**
   * Where it is mounted; "/" marks the host's root disk; absent: not mounted.
   */
  mountPoint?: string;
}
