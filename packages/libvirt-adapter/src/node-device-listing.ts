// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  type ListedParent,
  type ListedPciDevice,
  type MdevVgpu,
  type NodeDeviceListing,
  unknownMdevTypeId,
  unknownParentName,
} from '@vgpu/core';
import { NodeDeviceListFlags, type Connection, type NodeDeviceRecord } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { toDeviceError } from './errors.js';
import { LastReading } from './last-reading.js';
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

const everyState = (NodeDeviceListFlags.ACTIVE | NodeDeviceListFlags.INACTIVE) >>> 0;
const mdevs = NodeDeviceListFlags.CAP_MDEV;
const withParents = mdevs | NodeDeviceListFlags.CAP_MDEV_TYPES;
const everything = withParents | NodeDeviceListFlags.CAP_PCI_DEV;

/** libvirt does not let a device be read while mdevctl is busy with it. */
const readTimeoutMs = 15_000;

/** What a document says; a text is one that is no XML. */
type ReadDevice = NodeDeviceFacts | { readonly nodeDeviceName: undefined; readonly mdev: MdevFacts | undefined };

/** What is remembered between two full listings. */
export type NodeDeviceReading = LastReading<ReadDevice>;

export function newNodeDeviceReading(): NodeDeviceReading {
  return new LastReading(readDevice);
}

/** PCI devices, parents and mdevs, active and inactive. @throws DeviceError, as the two below */
export async function listNodeDevices(connections: Connections, reading: NodeDeviceReading): Promise<KnownNodeDevices> {
  return toListing(await readRecords(connections, everything), reading);
}

/** Only what a change of an mdev needs: of PCI devices the parents, though those without any type are missing. */
export async function listMdevsAndParents(connections: Connections): Promise<KnownNodeDevices> {
  return toListing(await readRecords(connections, withParents));
}

/** Only mdevs, the cheapest; whether their parents are there is not known, `parentPresent` is false. */
export async function listMdevs(connections: Connections): Promise<readonly KnownMdev[]> {
  return toListing(await readRecords(connections, mdevs)).mdevs;
}

async function readRecords(connections: Connections, capabilities: number): Promise<readonly NodeDeviceRecord[]> {
  const what = 'the node devices could not be listed';
  const flags = (capabilities | everyState) >>> 0;
  try {
    const list = (connection: Connection) => connection.listNodeDevicesWithXml({ flags });
    return await connections.readNodeDevices(list, readTimeoutMs, what);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

/** @param reading absent: nothing is remembered */
export function toListing(records: readonly NodeDeviceRecord[], reading = newNodeDeviceReading()): KnownNodeDevices {
  const read = reading.readAll(records.map((record) => record.xml));
  const devices = records.map((record, index) => ({ record, facts: read[index] }));
  const readable = devices.flatMap(({ facts }) => (facts?.nodeDeviceName === undefined ? [] : facts));
  const parents = readable.flatMap(({ parent, nodeDeviceName }) =>
    parent === undefined ? [] : { ...parent, nodeDeviceName },
  );
  const present = new Set(records.map((record) => record.name));
  return {
    pciDevices: readable.flatMap(({ pciDevice }) => pciDevice ?? []),
    parents,
    mdevs: devices.flatMap(({ record, facts }) => toMdev(record, facts, parents, (name) => present.has(name)) ?? []),
  };
}

/** One odd device does not blind the list. */
function readDevice(xml: string): ReadDevice {
  try {
    return readNodeDevice(xml);
  } catch (error) {
    if (error instanceof DeviceError) return { nodeDeviceName: undefined, mdev: readUnescapedMdev(xml) };
    throw error;
  }
}

/**
 * Every mdev is listed whatever its document says, because its UUID must not be used again: libvirt's name of it and of
 * its parent stand outside of the document.
 */
function toMdev(
  record: NodeDeviceRecord,
  facts: ReadDevice | undefined,
  parents: readonly KnownParent[],
  isPresent: (nodeDeviceName: string) => boolean,
): KnownMdev | undefined {
  const named = parseMdevNodeDeviceName(record.name);
  const uuid = named?.uuid ?? facts?.mdev?.uuid;
  if (uuid === undefined) return undefined;
  const mdev = facts?.mdev?.uuid === uuid ? facts.mdev : undefined;
  const names = parents.map(({ name }) => name);
  const parent =
    mdev?.parent ??
    parents.find(({ nodeDeviceName }) => nodeDeviceName === record.parent)?.name ??
    findNamedParent(record.parent?.replace(/^pci_/, ''), names) ??
    findNamedParent(named?.parent, names);
  const unreadable = mdev === undefined || parent === undefined || facts?.nodeDeviceName === undefined;
  return {
    backing: 'mdev',
    uuid,
    parent: parent ?? unknownParentName,
    parentPresent: record.parent !== null && isPresent(record.parent),
    typeId: mdev?.typeId ?? unknownMdevTypeId,
    active: record.active,
    persistent: record.persistent,
    autostart: record.autostart,
    attributes: mdev?.attributes ?? [],
    iommuGroup: record.active ? mdev?.iommuGroup : undefined,
    ...(unreadable ? { unreadable } : {}),
    nodeDeviceName: record.name,
  };
}
