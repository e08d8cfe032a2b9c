// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '@vgpu/core';

/**
 * Whether drivers may have changed when a domain says that it has ended. It is listed as ended before libvirt gives its
 * devices back to their drivers, so that what was listed meanwhile has the old ones; the event comes after it.
 * @param domain as it was read last; undefined: one without a definition that is gone already
 */
export function mayHaveHadPciDevice(domain: Domain | undefined): boolean {
  if (domain === undefined) return true;
  return [domain.active, domain.inactive].some((devices) => devices?.hostdevs.some(({ kind }) => kind === 'pci'));
}
