// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  type ListedParent,
  type ListedPciDevice,
  type MdevVgpu,
  type NodeDeviceListing,
  type ParentName,
} from '@vgpu/core';
import { NodeDeviceListFlags, type Connection, type NodeDeviceRecord } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { toDeviceError } from './errors.js';
import { LastReading } from './last-reading.js';
import { readNodeDevice, type MdevFacts, type NodeDeviceFacts } from './xml/node-device.js';

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

/** What is remembered between two full listings. */
export type NodeDeviceReading = LastReading<NodeDeviceFacts | undefined>;

export function newNodeDeviceReading(): NodeDeviceReading {
  return new LastReading(readOrSkip);
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

function toListing(records: readonly NodeDeviceRecord[], reading = newNodeDeviceReading()): KnownNodeDevices {
  const read = reading.readAll(records.map((record) => record.xml));
  const devices = records.flatMap((record, index) => {
    const facts = read[index];
    return facts === undefined ? [] : { record, facts };
  });
  const byName = new Map(devices.map(({ facts }) => [facts.nodeDeviceName, facts]));
  return {
    pciDevices: devices.flatMap(({ facts }) => facts.pciDevice ?? []),
    parents: devices.flatMap(({ facts }) =>
      facts.parent === undefined ? [] : { ...facts.parent, nodeDeviceName: facts.nodeDeviceName },
    ),
    mdevs: devices.flatMap(({ record, facts }) =>
      facts.mdev === undefined ? [] : (toMdev(record, facts, facts.mdev, byName) ?? []),
    ),
  };
}

/**
 * libvirt 9.0 writes an mdev's attributes without escaping them, so that one odd value makes a document that is no XML:
 * that device is left out, and the others are not.
 */
function readOrSkip(xml: string): NodeDeviceFacts | undefined {
  try {
    return readNodeDevice(xml);
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

function toMdev(
  record: NodeDeviceRecord,
  facts: NodeDeviceFacts,
  mdev: MdevFacts,
  byName: ReadonlyMap<string, NodeDeviceFacts>,
): KnownMdev | undefined {
  const parentDevice = byName.get(facts.parentNodeDeviceName ?? '');
  const parent: ParentName | undefined = mdev.parent ?? parentDevice?.parent?.name;
  if (parent === undefined) return undefined;
  return {
    backing: 'mdev',
    uuid: mdev.uuid,
    parent,
    parentPresent: parentDevice !== undefined,
    typeId: mdev.typeId,
    active: record.active,
    persistent: record.persistent,
    autostart: record.autostart,
    attributes: mdev.attributes,
    iommuGroup: record.active ? mdev.iommuGroup : undefined,
    nodeDeviceName: facts.nodeDeviceName,
  };
}
