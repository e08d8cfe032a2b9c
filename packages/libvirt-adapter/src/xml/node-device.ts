// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  isPciAddress,
  parseMdevTypeId,
  parseParentName,
  parseUuid,
  type ListedParent,
  type ListedPciDevice,
  type MdevAttribute,
  type MdevDefinition,
  type MdevTypeId,
  type MdevVgpu,
  type ParentName,
  type Uuid,
} from '@vgpu/core';
import { attribute, descend, elements, encodeXml, parseXml, textOf, type XmlElement } from './document.js';
import { readPciAddress, toInteger, toPciAddress } from './numbers.js';

/** What one `<device>` document says; one device can be a PCI function and a parent at once. */
export interface NodeDeviceFacts {
  /** libvirt's own name: `pci_0000_00_02_0`. */
  readonly nodeDeviceName: string;
  /** libvirt's name of the parent; `computer` also for an mdev whose parent is gone. */
  readonly parentNodeDeviceName: string | undefined;
  readonly pciDevice: ListedPciDevice | undefined;
  readonly parent: ListedParent | undefined;
  readonly mdev: MdevFacts | undefined;
}

/** An `mdev` capability. */
export interface MdevFacts extends Pick<MdevVgpu, 'uuid' | 'typeId' | 'attributes' | 'iommuGroup'> {
  /** undefined before libvirt 7.8, which has no `<parent_addr>`. */
  readonly parent: ParentName | undefined;
}

/**
 * What can be read of an mdev's document that is no XML: libvirt 9.0 writes attributes without escaping them, and
 * everything before them properly. undefined when that is no mdev either.
 */
export function readUnescapedMdev(xml: string): MdevFacts | undefined {
  const end = xml.indexOf('<attr ');
  if (end === -1) return undefined;
  try {
    const facts = readNodeDevice(`${xml.slice(0, end)}</capability></device>`);
    return facts.mdev === undefined ? undefined : { ...facts.mdev, attributes: [] };
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

/** What libvirt's name of an mdev says: `mdev_<uuid>_<parent>`, before 7.8 without the parent. */
export interface MdevName {
  readonly uuid: Uuid;
  /** libvirt writes every character but letters and digits as `_`; undefined where the name has none. */
  readonly parent: string | undefined;
}

/** undefined when it is no mdev's name. */
export function parseMdevNodeDeviceName(name: string): MdevName | undefined {
  const [, uuid, parent] = /^mdev_([0-9A-Fa-f]{8}(?:_[0-9A-Fa-f]{4}){3}_[0-9A-Fa-f]{12})(?:_(.+))?$/.exec(name) ?? [];
  return uuid === undefined ? undefined : { uuid: parseUuid(uuid.replaceAll('_', '-')), parent };
}

/** The parent that an mdev's name tells: a PCI address, or the one of these that libvirt would write so. */
export function findNamedParent(named: string | undefined, known: readonly ParentName[]): ParentName | undefined {
  const [, domain, bus, slot, fn] = /^([0-9a-f]{4})_([0-9a-f]{2})_([0-9a-f]{2})_([0-7])$/.exec(named ?? '') ?? [];
  if (domain !== undefined) return parseParentName(`${domain}:${bus}:${slot}.${fn}`);
  return known.find((parent) => parent.replace(/[^A-Za-z0-9]/g, '_') === named);
}

/**
 * Reads one node device (libvirt: formatnode.html). What core has no words for, such as a type whose id holds a slash,
 * is left out.
 * @throws DeviceError Internal when it is no `<device>` document.
 */
export function readNodeDevice(xml: string): NodeDeviceFacts {
  const device = parseXml(xml);
  const nodeDeviceName = textOf(descend(device, 'name'));
  if (device.name !== 'device' || nodeDeviceName === undefined) {
    throw new DeviceError('Internal', "libvirt's document is no node device");
  }
  const capabilities = elements(device, 'capability');
  const pci = capabilities.find((capability) => attribute(capability, 'type') === 'pci');
  const mdev = capabilities.find((capability) => attribute(capability, 'type') === 'mdev');
  const pciDevice = pci === undefined ? undefined : readPciDevice(device, pci);
  return {
    nodeDeviceName,
    parentNodeDeviceName: textOf(descend(device, 'parent')),
    pciDevice,
    parent: readParent(device, capabilities, pciDevice),
    mdev: mdev === undefined ? undefined : readMdev(mdev),
  };
}

/** The capability's own fields are decimal, its addresses and ids hexadecimal. */
function readPciDevice(device: XmlElement, pci: XmlElement): ListedPciDevice | undefined {
  const field = (name: string): number | undefined => toInteger(textOf(descend(pci, name)));
  const address = toPciAddress(field('domain'), field('bus'), field('slot'), field('function'));
  const vendorId = toInteger(attribute(descend(pci, 'vendor'), 'id'));
  const productId = toInteger(attribute(descend(pci, 'product'), 'id'));
  if (address === undefined || vendorId === undefined || productId === undefined) return undefined;
  const physicalFunction = elements(pci, 'capability').find(
    (capability) => attribute(capability, 'type') === 'phys_function',
  );
  const driver = textOf(descend(device, 'driver', 'name'));
  return {
    address,
    classId: field('class') ?? 0,
    vendorId,
    productId,
    driver: driver === '' ? undefined : driver,
    iommuGroup: toInteger(attribute(descend(pci, 'iommuGroup'), 'number')),
    numaNode: toInteger(attribute(descend(pci, 'numa'), 'node')),
    physicalFunction: readPciAddress(descend(physicalFunction, 'address')),
  };
}

/** Types stand inside the capability of a PCI, css or ap_matrix device, or in one of their own. */
function readParent(
  device: XmlElement,
  capabilities: readonly XmlElement[],
  pciDevice: ListedPciDevice | undefined,
): ListedParent | undefined {
  const lists = capabilities
    .flatMap((capability) => [capability, ...elements(capability, 'capability')])
    .filter((capability) => attribute(capability, 'type') === 'mdev_types');
  if (lists.length === 0) return undefined;
  const name = pciDevice?.address ?? textOf(descend(device, 'path'))?.split('/').at(-1);
  const parentName = known(() => parseParentName(name ?? ''));
  if (parentName === undefined) return undefined;
  const types = lists.flatMap((list) => elements(list, 'type')).flatMap((type) => readType(type));
  return { name: parentName, pciAddress: pciDevice?.address, types };
}

function readType(type: XmlElement): ListedParent['types'][number][] {
  const typeId = readTypeId(attribute(type, 'id'));
  if (typeId === undefined) return [];
  const name = textOf(descend(type, 'name'));
  return [
    {
      typeId,
      name: name === '' ? undefined : name,
      deviceApi: textOf(descend(type, 'deviceAPI')) ?? '',
      availableInstances: toInteger(textOf(descend(type, 'availableInstances'))) ?? 0,
    },
  ];
}

function readMdev(mdev: XmlElement): MdevFacts | undefined {
  const uuid = known(() => parseUuid(textOf(descend(mdev, 'uuid')) ?? ''));
  const typeId = readTypeId(attribute(descend(mdev, 'type'), 'id'));
  if (uuid === undefined || typeId === undefined) return undefined;
  const parentAddress = textOf(descend(mdev, 'parent_addr'));
  const attributes = elements(mdev, 'attr').map((attr): MdevAttribute => [
    attribute(attr, 'name') ?? '',
    attribute(attr, 'value') ?? '',
  ]);
  return {
    uuid,
    typeId,
    parent: parentAddress === undefined ? undefined : known(() => parseParentName(parentAddress)),
    attributes,
    iommuGroup: toInteger(attribute(descend(mdev, 'iommuGroup'), 'number')),
  };
}

function readTypeId(text: string | undefined): MdevTypeId | undefined {
  return known(() => parseMdevTypeId(text ?? ''));
}

/** undefined for a text that is no value of core's. */
function known<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'InvalidArgument') return undefined;
    throw error;
  }
}

/** A `<device>` document that defines an mdev under a parent of which libvirt's name is given. */
export function formatMdevXml(definition: MdevDefinition, parentNodeDeviceName: string): string {
  const attributes = definition.attributes.map(
    ([name, value]) => `    <attr name='${encodeXml(name)}' value='${encodeXml(value)}'/>\n`,
  );
  return `<device>
  <parent>${encodeXml(parentNodeDeviceName)}</parent>
  <capability type='mdev'>
    <type id='${encodeXml(definition.typeId)}'/>
    <uuid>${encodeXml(definition.uuid)}</uuid>
${attributes.join('')}  </capability>
</device>
`;
}

/** libvirt's name of a PCI function; undefined for a parent that is none. */
export function toPciNodeDeviceName(parent: ParentName): string | undefined {
  return isPciAddress(parent) ? `pci_${parent.replace(/[:.]/g, '_')}` : undefined;
}
