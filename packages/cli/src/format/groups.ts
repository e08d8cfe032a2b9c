// SPDX-License-Identifier: LGPL-2.1-or-later
import { formatJson, plain } from './escape.js';
import { byBytes } from './order.js';

/** A PCI function as lspci -nn prints it; empty names: the database of PCI names has no entry. */
export interface GroupedPciDevice {
  readonly address: string;
  /** 24 bits: base class, subclass, programming interface. */
  readonly classId: number;
  readonly className: string;
  /** 16 bits. */
  readonly vendorId: number;
  readonly vendorName: string;
  /** 16 bits. */
  readonly productId: number;
  readonly productName: string;
  /** 8 bits; lspci does not print 0. */
  readonly revision: number;
  /** Empty when none is bound. */
  readonly driver: string;
}

export interface GroupedVgpu {
  readonly uuid: string;
  readonly typeId: string;
  readonly parentName: string;
}

export interface IommuGroupMembers {
  readonly number: number;
  readonly pciDevices: readonly GroupedPciDevice[];
  readonly vgpus: readonly GroupedVgpu[];
}

/**
 * Every group with what is in it, in the words of `lspci -nn`: groups by number, PCI functions by address, then vGPUs.
 * As lspci, the PCI domain is left out where every device of the host is in domain 0000.
 */
export function formatGroups(groups: readonly IommuGroupMembers[]): string {
  const withDomain = groups.some(({ pciDevices }) => pciDevices.some(({ address }) => !address.startsWith('0000:')));
  const shortName = (name: string): string => (withDomain ? name : name.replace(/^0000:/, ''));
  return sorted(groups)
    .map((group) => {
      const lines = [
        `IOMMU Group ${group.number}:`,
        ...group.pciDevices.map((device) => `\t${shortName(device.address)} ${formatPciDevice(device)}`),
        ...group.vgpus.map(
          (vgpu) =>
            `\t${plain(vgpu.uuid)} Mediated device ${plain(vgpu.typeId)} on ${plain(shortName(vgpu.parentName))}`,
        ),
      ];
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

/** What follows the address in `lspci -nn`. */
function formatPciDevice(device: GroupedPciDevice): string {
  const classCode = hex(device.classId >> 8, 4);
  const className = device.className === '' ? 'Class' : plain(device.className);
  const ids = `[${hex(device.vendorId, 4)}:${hex(device.productId, 4)}]`;
  const revision = device.revision === 0 ? '' : ` (rev ${hex(device.revision, 2)})`;
  return `${className} [${classCode}]: ${formatNames(device)} ${ids}${revision}`;
}

function formatNames(device: GroupedPciDevice): string {
  if (device.vendorName === '') return 'Device';
  return plain(`${device.vendorName} ${device.productName === '' ? 'Device' : device.productName}`);
}

/** The same for programs: ids in hexadecimal without a prefix, as in lspci; a name that is not known is null. */
export function formatGroupsJson(groups: readonly IommuGroupMembers[]): string {
  const value = sorted(groups).map((group) => ({
    group: group.number,
    devices: group.pciDevices.map((device) => ({
      address: device.address,
      class: { id: hex(device.classId >> 8, 4), name: device.className || null },
      vendor: { id: hex(device.vendorId, 4), name: device.vendorName || null },
      device: { id: hex(device.productId, 4), name: device.productName || null },
      revision: hex(device.revision, 2),
      driver: device.driver || null,
    })),
    vgpus: group.vgpus.map((vgpu) => ({ uuid: vgpu.uuid, parent: vgpu.parentName, type: vgpu.typeId })),
  }));
  return `${formatJson(value)}\n`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function sorted(groups: readonly IommuGroupMembers[]): IommuGroupMembers[] {
  return groups
    .map((group) => ({
      ...group,
      pciDevices: group.pciDevices.toSorted((a, b) => byBytes(a.address, b.address)),
      vgpus: group.vgpus.toSorted((a, b) => byBytes(a.uuid, b.uuid) || byBytes(a.parentName, b.parentName)),
    }))
    .toSorted((a, b) => a.number - b.number);
}
