// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';

/**
 * Whether drivers of PCI devices may have changed with these domains: one that changed (is another object, came or went)
 * has or had a PCI device while it runs. libvirt changes such a device's driver and tells nobody.
 */
export function mayChangePciDrivers(before: readonly Domain[], after: readonly Domain[]): boolean {
  if (before === after) return false;
  const known = new Set(before);
  const kept = new Set(after);
  const changed = [...before.filter((domain) => !kept.has(domain)), ...after.filter((domain) => !known.has(domain))];
  return changed.some(({ active }) => active?.hostdevs.some(({ kind }) => kind === 'pci') ?? false);
}
