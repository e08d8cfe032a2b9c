// SPDX-License-Identifier: LGPL-2.1-or-later
import type { IommuGroup } from '../model/iommu-group.js';
import type { PciAddress } from '../identity/pci-address.js';
import { formatVgpuKey, type Vgpu, type VgpuKey } from '../model/vgpu.js';
import { compareNaturally } from './natural-order.js';

/** The groups that PCI devices and active vGPUs name, by number. Devices without a group are in none. */
export function buildIommuGroups(
  pciDevices: readonly { readonly address: PciAddress; readonly iommuGroup: number | undefined }[],
  vgpus: readonly Vgpu[],
): ReadonlyMap<number, IommuGroup> {
  const groups = new Map<number, { pciDevices: PciAddress[]; vgpus: VgpuKey[] }>();
  const group = (number: number) => {
    const known = groups.get(number) ?? { pciDevices: [], vgpus: [] };
    groups.set(number, known);
    return known;
  };
  for (const device of pciDevices) {
    if (device.iommuGroup !== undefined) group(device.iommuGroup).pciDevices.push(device.address);
  }
  for (const vgpu of vgpus) {
    if (vgpu.iommuGroup !== undefined) group(vgpu.iommuGroup).vgpus.push(formatVgpuKey(vgpu));
  }
  return new Map(
    [...groups.entries()]
      .toSorted(([a], [b]) => a - b)
      .map(([number, members]) => [
        number,
        {
          number,
          pciDevices: members.pciDevices.toSorted(compareNaturally),
          vgpus: members.vgpus.toSorted(compareNaturally),
        },
      ]),
  );
}
