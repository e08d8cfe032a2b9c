// SPDX-License-Identifier: LGPL-2.1-or-later
import type { IommuGroup } from '../model/iommu-group.js';
import type { PciAddress } from '../identity/pci-address.js';
import { formatVgpuKey, type Vgpu, type VgpuKey } from '../model/vgpu.js';
import { unlessEqualFields, unlessEqualItems, unlessEqualMap } from './reuse.js';
import { compareNaturally } from './natural-order.js';

/**
 * The groups that PCI devices and active vGPUs name, by number. Devices without a group are in none.
 * @param before earlier ones: a group that is as it was is the same object as there
 */
export function buildIommuGroups(
  pciDevices: Iterable<{ readonly address: PciAddress; readonly iommuGroup: number | undefined }>,
  vgpus: Iterable<Vgpu>,
  before: ReadonlyMap<number, IommuGroup> = new Map(),
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
  return unlessEqualMap(
    before,
    new Map(
      [...groups.entries()]
        .toSorted(([a], [b]) => a - b)
        .map(([number, members]) => [number, toGroup(number, members, before.get(number))]),
    ),
  );
}

function toGroup(
  number: number,
  members: { readonly pciDevices: readonly PciAddress[]; readonly vgpus: readonly VgpuKey[] },
  before: IommuGroup | undefined,
): IommuGroup {
  return unlessEqualFields(before, {
    number,
    pciDevices: unlessEqualItems(before?.pciDevices, members.pciDevices.toSorted(compareNaturally)),
    vgpus: unlessEqualItems(before?.vgpus, members.vgpus.toSorted(compareNaturally)),
  });
}
