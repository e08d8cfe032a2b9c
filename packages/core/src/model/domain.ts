// SPDX-License-Identifier: LGPL-2.1-or-later
import type { PciAddress } from '../identity/pci-address.js';
import type { Uuid } from '../identity/uuid.js';

/** libvirt's virDomainState as words. */
export const domainStates = [
  'no-state',
  'running',
  'blocked',
  'paused',
  'shutting-down',
  'shut-off',
  'crashed',
  'suspended',
] as const;
export type DomainState = (typeof domainStates)[number];

/** A `<hostdev mode='subsystem' type='mdev'>`. */
export interface MdevHostdev {
  readonly kind: 'mdev';
  readonly uuid: Uuid;
  /** `vfio-pci`, `vfio-ccw` … */
  readonly model: string;
  readonly display: boolean;
  readonly ramfb: boolean;
}

/** A `<hostdev mode='subsystem' type='pci'>`. */
export interface PciHostdev {
  readonly kind: 'pci';
  readonly address: PciAddress;
  /** Whether libvirt itself rebinds the driver around the domain's life. */
  readonly managed: boolean;
}

export type Hostdev = MdevHostdev | PciHostdev;

/**
 * What a `<video>` device can be set to besides its model (libvirt: formatdomain.html, video devices). A setting that
 * the XML does not have is absent or undefined: libvirt tells that apart from no.
 */
export interface VideoSettings {
  readonly ramKiB?: number | undefined;
  readonly vram64KiB?: number | undefined;
  readonly vgamemKiB?: number | undefined;
  readonly blob?: boolean | undefined;
  readonly edid?: boolean | undefined;
  readonly accel2d?: boolean | undefined;
  readonly accel3d?: boolean | undefined;
  /** Pixels. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly driverName?: 'qemu' | 'vhostuser' | undefined;
  readonly vgaconf?: 'io' | 'on' | 'off' | undefined;
  readonly iommu?: boolean | undefined;
  readonly ats?: boolean | undefined;
  readonly packed?: boolean | undefined;
  readonly pagePerVq?: boolean | undefined;
  readonly acpiIndex?: number | undefined;
  /** Only one that a user gave: `ua-…`. libvirt makes up the others. */
  readonly alias?: string | undefined;
}

/** A `<video>` device; `none` is libvirt's word for "no video device at all". Its address is not kept. */
export interface Video extends VideoSettings {
  readonly model: string;
  readonly primary: boolean;
  /** undefined where the XML has none. */
  readonly heads: number | undefined;
  readonly vramKiB: number | undefined;
  /**
   * What the XML says besides, as `model/acceleration@rendernode`: such a device cannot be taken away and brought back.
   * Absent: nothing.
   */
  readonly unsupported?: readonly string[] | undefined;
}

/** A `<graphics>` element: how somebody can look at the domain. */
export interface Graphics {
  /** spice, vnc, egl-headless … */
  readonly type: string;
  readonly gl: boolean;
}

/** The devices in one of a domain's two documents. */
export interface DomainDevices {
  readonly hostdevs: readonly Hostdev[];
  readonly videos: readonly Video[];
  readonly graphics: readonly Graphics[];
  /** The first `<console>` or `<serial>`: its type, and the host's terminal while the domain runs and the type is pty. */
  readonly console: { readonly type: string; readonly path: string | undefined } | undefined;
}

/** A virtual machine known to libvirt. */
export interface Domain {
  readonly uuid: Uuid;
  readonly name: string;
  /** Empty when it has none. */
  readonly title: string;
  /** libosinfo's id from the metadata; empty when it has none. */
  readonly osId: string;
  readonly state: DomainState;
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly hasManagedSave: boolean;
  /** The stored definition's devices; undefined for a transient domain. */
  readonly inactive: DomainDevices | undefined;
  /** The running domain's devices; undefined while it does not run. */
  readonly active: DomainDevices | undefined;
  /** The videos an assignment removed, kept in the stored definition's metadata; empty: there were none; undefined: unknown. */
  readonly rememberedVideos: readonly Video[] | undefined;
  /**
   * true: its documents cannot be read. What it holds is not known: `inactive` is undefined, `active` empty while it
   * runs; nobody here edits it. Absent: false.
   */
  readonly unreadable?: boolean | undefined;
  /** true: its documents cannot be read now; `inactive` and `active` are as they were read last. Absent: false. */
  readonly outdated?: boolean | undefined;
}
