// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  findVgpus,
  type Domain,
  type Inventory,
  type MdevParent,
  type MdevVgpu,
  type ParentName,
  type Uuid,
} from '@vgpu/core';
import {
  formatDomainPath,
  formatGpuPath,
  formatParentPath,
  formatVgpuPath,
  formatVgpuPathPrefix,
} from '../protocol/paths.js';
import { buildTopology, isPublished, type GpuDevice } from './topology.js';

/** From a path back to what it stands for in this inventory; each throws DeviceError NotFound. */
export function requireVgpu(inventory: Inventory, path: string): MdevVgpu {
  for (const vgpu of inventory.vgpus.values()) {
    if (isPublished(vgpu) && formatVgpuPath(vgpu) === path) return vgpu;
  }
  throw new DeviceError('NotFound', `${path} is no vGPU`, { details: { path } });
}

/**
 * A vGPU that a domain's stored definition has, by its path; also one that does not exist any more, so that it can be
 * taken out of the definition.
 */
export function requireAssignedVgpu(
  inventory: Inventory,
  domain: Domain,
  path: string,
): { readonly uuid: Uuid; readonly parent: ParentName | undefined } {
  const hostdevs =
    domain.inactive?.hostdevs.flatMap((hostdev) => (hostdev.kind === 'mdev' ? [hostdev.uuid] : [])) ?? [];
  const gone = hostdevs.find(
    (uuid) => path.startsWith(formatVgpuPathPrefix(uuid)) && findVgpus(inventory, uuid).length === 0,
  );
  return gone === undefined ? requireVgpu(inventory, path) : { uuid: gone, parent: undefined };
}

export function requireDomain(inventory: Inventory, path: string): Domain {
  for (const domain of inventory.domains.values()) {
    if (formatDomainPath(domain.uuid) === path) return domain;
  }
  throw new DeviceError('NotFound', `${path} is no virtual machine`, { details: { path } });
}

export function requireGpu(inventory: Inventory, path: string): readonly [GpuDevice, readonly MdevParent[]] {
  for (const entry of buildTopology(inventory).parentsByGpu) {
    if (formatGpuPath(entry[0]) === path) return entry;
  }
  throw new DeviceError('NotFound', `${path} is no device that makes vGPUs`, { details: { path } });
}

/** One of these parents by its path. @throws DeviceError NotFound */
export function requireParent(parents: readonly MdevParent[], path: string): MdevParent {
  const parent = parents.find((candidate) => formatParentPath(candidate.name) === path);
  if (parent !== undefined) return parent;
  const known = parents.map((candidate) => formatParentPath(candidate.name)).join(', ');
  throw new DeviceError('NotFound', `${path} is no parent of this device: it has ${known}`, { details: { path } });
}
