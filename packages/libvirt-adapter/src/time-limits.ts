// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * How long libvirt may take for one call about domains, in ms. Then what was only read is Unavailable, and a change is
 * TimedOut: it may still be made.
 */
export interface DomainTimeLimits {
  readonly list: number;
  /** A domain's documents in a list; without an answer it is listed as it was last. */
  readonly document: number;
  readonly lookUp: number;
  /** One document or one question about a domain. */
  readonly read: number;
  readonly define: number;
  /** QEMU may have to fill a guest's huge pages, or map its memory for VFIO. */
  readonly start: number;
  /** Only asks the guest. */
  readonly shutdown: number;
  /** libvirt itself waits up to 15 s for QEMU's end, and 2 s more for each host device. */
  readonly forceOff: number;
}

export const defaultDomainTimeLimits: DomainTimeLimits = {
  list: 15_000,
  document: 2_000,
  lookUp: 10_000,
  read: 10_000,
  define: 30_000,
  start: 120_000,
  shutdown: 15_000,
  forceOff: 60_000,
};
