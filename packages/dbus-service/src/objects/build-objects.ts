// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory } from '@vgpu/core';
import type { PublishedObject, PublishedObjects } from '../host/published.js';
import { interfaces, managerPath } from '../protocol/names.js';
import {
  formatDomainPath,
  formatGpuPath,
  formatIommuGroupPath,
  formatParentPath,
  formatPciDevicePath,
  formatVgpuPath,
  formatVgpuTypePath,
} from '../protocol/paths.js';
import { domainProperties } from './domain.js';
import { gpuProperties, vgpuTypeProperties } from './gpu.js';
import { managerProperties, type ManagerState } from './manager.js';
import { iommuGroupProperties, mdevParentProperties, pciDeviceProperties } from './pci.js';
import { buildTopology, isPublished, typeIdsOf } from './topology.js';
import { vgpuProperties } from './vgpu.js';

/** Everything that is published about a host: a pure function of what is known. */
export function buildObjects(inventory: Inventory, manager: ManagerState): PublishedObjects {
  const topology = buildTopology(inventory);
  const objects = new Map<string, PublishedObject>();
  const publish = (path: string, object: PublishedObject) => objects.set(path, { ...objects.get(path), ...object });

  publish(managerPath, { [interfaces.manager]: managerProperties(manager) });
  for (const [device, parents] of topology.parentsByGpu) {
    publish(formatGpuPath(device), { [interfaces.gpu]: gpuProperties(topology, device) });
    for (const typeId of typeIdsOf(parents)) {
      const properties = vgpuTypeProperties(topology, device, typeId);
      publish(formatVgpuTypePath(device, typeId), { [interfaces.vgpuType]: properties });
    }
  }
  for (const device of inventory.pciDevices.values()) {
    publish(formatPciDevicePath(device.address), { [interfaces.pciDevice]: pciDeviceProperties(topology, device) });
  }
  for (const parent of inventory.parents.values()) {
    publish(formatParentPath(parent.name), { [interfaces.mdevParent]: mdevParentProperties(topology, parent) });
  }
  for (const group of inventory.iommuGroups.values()) {
    publish(formatIommuGroupPath(group.number), { [interfaces.iommuGroup]: iommuGroupProperties(topology, group) });
  }
  for (const vgpu of inventory.vgpus.values()) {
    if (isPublished(vgpu)) publish(formatVgpuPath(vgpu), { [interfaces.vgpu]: vgpuProperties(topology, vgpu) });
  }
  for (const domain of inventory.domains.values()) {
    publish(formatDomainPath(domain.uuid), { [interfaces.domain]: domainProperties(topology, domain) });
  }
  return objects;
}
