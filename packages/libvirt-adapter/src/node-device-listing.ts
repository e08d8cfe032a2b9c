// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  unknownMdevTypeId,
  unknownParentName,
  type ListedParent,
  type ListedPciDevice,
  type MdevVgpu,
  type NodeDeviceListing,
} from '@vgpu/core';
import type { NodeDeviceRecord } from './node-device-records.js';
import { unlessEqual } from './same.js';
import {
  findNamedParent,
  parseMdevNodeDeviceName,
  readNodeDevice,
  readUnescapedMdev,
  type MdevFacts,
  type NodeDeviceFacts,
} from './xml/node-device.js';

/** A parent with the name that libvirt wants in a definition. */
export interface KnownParent extends ListedParent {
  readonly nodeDeviceName: string;
}

/** An mdev with the name that libvirt looks it up by. */
export interface KnownMdev extends MdevVgpu {
  readonly nodeDeviceName: string;
}

/** A listing with libvirt's own names, which stay inside this package. */
export interface KnownNodeDevices extends NodeDeviceListing {
  readonly pciDevices: readonly ListedPciDevice[];
  readonly parents: readonly KnownParent[];
  readonly mdevs: readonly KnownMdev[];
}

/** What a document says; one without a name is no XML. */
type ReadDocument = NodeDeviceFacts | { readonly nodeDeviceName: undefined; readonly mdev: MdevFacts | undefined };

/** A device with what its document says. It stays the same object while nothing about the device changes. */
export interface ReadNodeDevice {
  readonly record: NodeDeviceRecord;
  readonly document: ReadDocument;
  readonly pciDevice: ListedPciDevice | undefined;
  readonly parent: KnownParent | undefined;
}

/** @param before the same device as it was read last; absent: it is read for the first time */
export function readRecord(record: NodeDeviceRecord, before?: ReadNodeDevice): ReadNodeDevice {
  if (before?.record.xml === record.xml) return isSameState(before.record, record) ? before : { ...before, record };
  const document = keepEqual(before?.document, readDocument(record.xml));
  if (document.nodeDeviceName === undefined) return { record, document, pciDevice: undefined, parent: undefined };
  const { pciDevice, parent, nodeDeviceName } = document;
  const known = unlessEqual(before?.parent, parent === undefined ? undefined : { ...parent, nodeDeviceName });
  return { record, document, pciDevice, parent: known };
}

/** A GPU's document changes with every vGPU of it, and what it says of the PCI function does not. */
function keepEqual(before: ReadDocument | undefined, document: ReadDocument): ReadDocument {
  if (document.nodeDeviceName === undefined || before?.nodeDeviceName === undefined) return document;
  return {
    ...document,
    pciDevice: unlessEqual(before.pciDevice, document.pciDevice),
    parent: unlessEqual(before.parent, document.parent),
  };
}

function isSameState(a: NodeDeviceRecord, b: NodeDeviceRecord): boolean {
  return a.parent === b.parent && a.active === b.active && a.persistent === b.persistent && a.autostart === b.autostart;
}

export function isMdevName(nodeDeviceName: string): boolean {
  return parseMdevNodeDeviceName(nodeDeviceName) !== undefined;
}

export function toListing(records: readonly NodeDeviceRecord[]): KnownNodeDevices {
  const devices = records.map((record) => readRecord(record));
  const parents = devices.flatMap(({ parent }) => parent ?? []);
  const present = new Set(records.map((record) => record.name));
  return {
    pciDevices: devices.flatMap(({ pciDevice }) => pciDevice ?? []),
    parents,
    mdevs: devices.flatMap((device) => toMdev(device, parents, (name) => present.has(name)) ?? []),
  };
}

/** One odd device does not blind the list. */
function readDocument(xml: string): ReadDocument {
  try {
    return readNodeDevice(xml);
  } catch (error) {
    if (error instanceof DeviceError) return { nodeDeviceName: undefined, mdev: readUnescapedMdev(xml) };
    throw error;
  }
}

/**
 * Every mdev is listed whatever its document says, because its UUID must not be used again: libvirt's name of it and of
 * its parent stand outside of the document, or before everything that can be odd in it.
 */
export function toMdev(
  { record, document }: ReadNodeDevice,
  parents: readonly KnownParent[],
  isPresent: (nodeDeviceName: string) => boolean,
): KnownMdev | undefined {
  const named = parseMdevNodeDeviceName(record.name);
  const uuid = named?.uuid ?? document.mdev?.uuid;
  if (uuid === undefined) return undefined;
  const mdev = document.mdev?.uuid === uuid ? document.mdev : undefined;
  const names = parents.map(({ name }) => name);
  const parentNode = record.parent ?? parentIn(record.xml, document);
  const parent =
    mdev?.parent ??
    parents.find(({ nodeDeviceName }) => nodeDeviceName === parentNode)?.name ??
    findNamedParent(parentNode?.replace(/^pci_/, ''), names) ??
    findNamedParent(named?.parent, names);
  const unreadable = mdev === undefined || parent === undefined || document.nodeDeviceName === undefined;
  const { active = false, persistent = false, autostart = false } = record;
  return {
    backing: 'mdev',
    uuid,
    parent: parent ?? unknownParentName,
    parentPresent: parentNode !== undefined && isPresent(parentNode),
    typeId: mdev?.typeId ?? unknownMdevTypeId,
    active,
    persistent,
    autostart,
    attributes: mdev?.attributes ?? [],
    iommuGroup: active ? mdev?.iommuGroup : undefined,
    ...(unreadable ? { unreadable } : {}),
    nodeDeviceName: record.name,
  };
}

/** libvirt prints it before the capabilities, and nothing before it is free text. */
function parentIn(xml: string, document: ReadDocument): string | undefined {
  return document.nodeDeviceName === undefined
    ? /^<device>(?:\s*<(?:name|path|devnode)\b[^<]*<\/\w+>)*\s*<parent>([^<]+)<\/parent>/.exec(xml)?.[1]
    : document.parentNodeDeviceName;
}
