// SPDX-License-Identifier: LGPL-2.1-or-later
import { isPciAddress, type MdevTypeId, type ParentName, type PciAddress, type Uuid } from '@vgpu/core';
import { rootPath } from './names.js';

/** Any name as one path element, as sd_bus_path_encode(3) does: `i915-GVTg_V5_4` is `i915_2dGVTg_5fV5_5f4`. */
export function escapeLabel(name: string): string {
  if (name === '') return '_';
  let label = '';
  for (const [index, byte] of new TextEncoder().encode(name).entries()) {
    const character = String.fromCodePoint(byte);
    const kept = index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/;
    label += kept.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  return label;
}

/** PCI addresses and UUIDs have a fixed form, so `_` for their separators stays unambiguous. */
function formatFixed(text: string): string {
  return text.replaceAll(/[-:.]/g, '_');
}

function formatDeviceName(name: ParentName | PciAddress): string {
  return isPciAddress(name) ? formatFixed(name) : escapeLabel(name);
}

export function formatPciDevicePath(address: PciAddress): string {
  return `${rootPath}/pci/${formatFixed(address)}`;
}

/** The object with .MdevParent: that of the PCI function, or one of its own for mtty. */
export function formatParentPath(name: ParentName): string {
  return isPciAddress(name) ? formatPciDevicePath(name) : `${rootPath}/parent/${escapeLabel(name)}`;
}

/** `device` is the physical function for a parent that is an SR-IOV virtual function. */
export function formatGpuPath(device: ParentName | PciAddress): string {
  return `${rootPath}/gpu/${formatDeviceName(device)}`;
}

export function formatVgpuTypePath(device: ParentName | PciAddress, typeId: MdevTypeId): string {
  return `${formatGpuPath(device)}/type/${escapeLabel(typeId)}`;
}

export function formatVgpuPath(id: { readonly uuid: Uuid; readonly parent: ParentName }): string {
  return `${formatVgpuPathPrefix(id.uuid)}${formatDeviceName(id.parent)}`;
}

/** What all paths of vGPUs with this UUID begin with; the parent follows. */
export function formatVgpuPathPrefix(uuid: Uuid): string {
  return `${rootPath}/vgpu/${formatFixed(uuid)}_`;
}

export function formatDomainPath(uuid: Uuid): string {
  return `${rootPath}/domain/${formatFixed(uuid)}`;
}

export function formatIommuGroupPath(number: number): string {
  return `${rootPath}/iommu_group/${number}`;
}

/** What all paths of operations begin with; the number follows. */
export const operationsPath = `${rootPath}/operation/`;

/** `number` grows with each operation, and from one run of vgpud to the next. */
export function formatOperationPath(number: number): string {
  return `${operationsPath}${number}`;
}
