// SPDX-License-Identifier: LGPL-2.1-or-later
import { compareNaturally, isPciAddress, parseTypeDescription, type MdevTypeId } from '@vgpu/core';
import type { PropertiesOf } from '../protocol/members.js';
import { noObject } from '../protocol/names.js';
import {
  formatGpuPath,
  formatParentPath,
  formatPciDevicePath,
  formatVgpuPath,
  formatVgpuTypePath,
} from '../protocol/paths.js';
import { shownLines, shownText } from './text.js';
import { typeIdsOf, type GpuDevice, type Topology } from './topology.js';

export function gpuProperties(topology: Topology, device: GpuDevice): PropertiesOf<'me.phyllo.Vgpu1.Gpu'> {
  const parents = topology.parentsByGpu.get(device) ?? [];
  const pci = isPciAddress(device) ? topology.inventory.pciDevices.get(device) : undefined;
  const names = [pci?.vendorName, pci?.productName].map(shownText).filter(Boolean);
  return {
    DisplayName: names.length > 0 ? names.join(' ') : device,
    IconName: 'video-display',
    PciDevice: isPciAddress(device) ? formatPciDevicePath(device) : noObject,
    Families: ['mdev'],
    Parents: parents.map((parent) => formatParentPath(parent.name)),
    Types: typeIdsOf(parents)
      .toSorted(compareNaturally)
      .map((typeId) => formatVgpuTypePath(device, typeId)),
    Vgpus: parents.flatMap((parent) => topology.vgpusByParent.get(parent.name) ?? []).map(formatVgpuPath),
    RenderNode: shownText(pci?.renderNode),
  };
}

export function vgpuTypeProperties(
  topology: Topology,
  device: GpuDevice,
  typeId: MdevTypeId,
): PropertiesOf<'me.phyllo.Vgpu1.VgpuType'> {
  const parents = topology.parentsByGpu.get(device) ?? [];
  const types = parents.flatMap((parent) => parent.types.filter((type) => type.typeId === typeId));
  const name = shownText(types.find((type) => type.name !== undefined)?.name);
  const description = types.find((type) => type.description !== undefined)?.description;
  const figures = parseTypeDescription(description);
  return {
    Gpu: formatGpuPath(device),
    TypeId: typeId,
    Name: name,
    DisplayName: name || typeId,
    Family: 'mdev',
    DeviceApi: shownText(types[0]?.deviceApi),
    AvailableInstances: types.reduce((sum, type) => sum + type.availableInstances, 0),
    MaxInstances: figures.maxInstances,
    Description: shownLines(description),
    LowGraphicsMemoryMiB: figures.lowGraphicsMemoryMiB,
    HighGraphicsMemoryMiB: figures.highGraphicsMemoryMiB,
    FramebufferMiB: figures.framebufferMiB,
    Fences: figures.fences,
    ResolutionWidth: figures.resolutionWidth,
    ResolutionHeight: figures.resolutionHeight,
    Heads: figures.heads,
    FrameRateLimit: figures.frameRateLimit,
    Weight: figures.weight,
  };
}
