// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain, DomainDevices, Hostdev } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { Vgpu } from '../model/vgpu.js';

/** Whether a hostdev is this vGPU: an mdev by its UUID, a virtual function by its address. */
export function isHostdevOf(hostdev: Hostdev, vgpu: Vgpu): boolean {
  if (vgpu.backing === 'mdev') return hostdev.kind === 'mdev' && hostdev.uuid === vgpu.uuid;
  return hostdev.kind === 'pci' && hostdev.address === vgpu.address;
}

/** Domains whose stored definition holds the vGPU, in the inventory's order; also those that are shut off. */
export function domainsAssigned(inventory: Inventory, vgpu: Vgpu): readonly Domain[] {
  return [...inventory.domains.values()].filter((domain) => holds(domain.inactive, vgpu));
}

/** The running domain that has the vGPU now; undefined when none has. */
export function domainInUse(inventory: Inventory, vgpu: Vgpu): Domain | undefined {
  return [...inventory.domains.values()].find((domain) => holds(domain.active, vgpu));
}

/** vGPUs in a domain's stored definition, in the inventory's order; for a transient domain, in the running one. */
export function vgpusOfDomain(inventory: Inventory, domain: Domain): readonly Vgpu[] {
  const devices = domain.inactive ?? domain.active;
  if (devices === undefined || devices.hostdevs.length === 0) return [];
  return [...inventory.vgpus.values()].filter((vgpu) => holds(devices, vgpu));
}

/** Whether hostdevs or videos of the stored definition wait for the domain's next start. */
export function hasPendingRestart(domain: Domain): boolean {
  if (domain.active === undefined || domain.inactive === undefined) return false;
  return fingerprint(domain.active) !== fingerprint(domain.inactive);
}

function holds(devices: DomainDevices | undefined, vgpu: Vgpu): boolean {
  return devices?.hostdevs.some((hostdev) => isHostdevOf(hostdev, vgpu)) ?? false;
}

/** Only what both documents say in the same words: libvirt fills in sizes and addresses of a running domain. */
function fingerprint(devices: DomainDevices): string {
  const hostdevs = devices.hostdevs.map((hostdev) =>
    hostdev.kind === 'mdev'
      ? ['mdev', hostdev.uuid, hostdev.model, hostdev.display, hostdev.ramfb]
      : ['pci', hostdev.address],
  );
  const sorted = hostdevs.map((hostdev) => JSON.stringify(hostdev)).toSorted();
  return JSON.stringify([sorted, devices.videos.map((video) => video.model)]);
}
