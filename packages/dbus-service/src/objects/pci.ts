// SPDX-License-Identifier: LGPL-2.1-or-later
import type { IommuGroup, MdevParent, PciDevice } from '@vgpu/core';
import type { PropertiesOf } from '../protocol/members.js';
import { noObject } from '../protocol/names.js';
import {
  formatDomainPath,
  formatGpuPath,
  formatIommuGroupPath,
  formatPciDevicePath,
  formatVgpuPath,
} from '../protocol/paths.js';
import { shownText } from './text.js';
import { gpuOfParent, isPublished, type Topology } from './topology.js';

export function pciDeviceProperties(topology: Topology, device: PciDevice): PropertiesOf<'me.phyllo.Vgpu1.PciDevice'> {
  const domains = topology.domainsByPciDevice.get(device.address) ?? [];
  return {
    Address: device.address,
    ClassId: device.classId,
    ClassName: shownText(device.className),
    VendorId: device.vendorId,
    VendorName: shownText(device.vendorName),
    ProductId: device.productId,
    ProductName: shownText(device.productName),
    Revision: device.revision ?? 0,
    Driver: shownText(device.driver),
    IommuGroup: device.iommuGroup === undefined ? noObject : formatIommuGroupPath(device.iommuGroup),
    NumaNode: device.numaNode ?? -1,
    BootVga: device.bootVga,
    PhysicalFunction: device.physicalFunction === undefined ? noObject : formatPciDevicePath(device.physicalFunction),
    Domains: domains.map((domain) => formatDomainPath(domain.uuid)),
  };
}

export function mdevParentProperties(
  topology: Topology,
  parent: MdevParent,
): PropertiesOf<'me.phyllo.Vgpu1.MdevParent'> {
  return {
    Name: parent.name,
    Gpu: formatGpuPath(gpuOfParent(topology.inventory, parent)),
    AvailableInstances: Object.fromEntries(parent.types.map((type) => [type.typeId, type.availableInstances])),
    Vgpus: (topology.vgpusByParent.get(parent.name) ?? []).map(formatVgpuPath),
  };
}

export function iommuGroupProperties(
  topology: Topology,
  group: IommuGroup,
): PropertiesOf<'me.phyllo.Vgpu1.IommuGroup'> {
  const vgpus = group.vgpus.flatMap((key) => topology.inventory.vgpus.get(key) ?? []).filter(isPublished);
  return {
    Number: group.number,
    Devices: [...group.pciDevices.map(formatPciDevicePath), ...vgpus.map(formatVgpuPath)],
  };
}
