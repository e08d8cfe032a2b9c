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

/** A `<video>` device; `none` is libvirt's word for "no video device at all". */
export interface Video {
  readonly model: string;
  readonly primary: boolean;
  /** undefined where the XML has none. */
  readonly heads: number | undefined;
  readonly vramKiB: number | undefined;
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
  /** The videos an assignment removed, kept in the stored definition's metadata; undefined when none are kept. */
  readonly rememberedVideos: readonly Video[] | undefined;
}
