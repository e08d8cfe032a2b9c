// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  NodeDeviceListFlags,
  type Connection,
  type NodeDeviceField,
  type NodeDeviceRecord as WholeRecord,
} from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { toDeviceError } from './errors.js';
import { readWithin } from './wait.js';

/** A node device as it is read here: the parent stands in the document, and only of mdevs more is asked. */
export interface NodeDeviceRecord
  extends Pick<WholeRecord, 'name' | 'xml'>, Partial<Omit<WholeRecord, 'name' | 'xml'>> {}

export type NodeDeviceConnections = Pick<Connections, 'readNodeDevices' | 'withNodeDevices'>;

const everyState = NodeDeviceListFlags.ACTIVE | NodeDeviceListFlags.INACTIVE;
const mdevs = (everyState | NodeDeviceListFlags.CAP_MDEV) >>> 0;
const parents = (everyState | NodeDeviceListFlags.CAP_MDEV_TYPES) >>> 0;
const pciDevicesAndParents = (parents | NodeDeviceListFlags.CAP_PCI_DEV) >>> 0;

const ofMdevs: readonly NodeDeviceField[] = ['active', 'persistent', 'autostart'];
const ofOthers: readonly NodeDeviceField[] = [];

/** libvirt does not let a device be read while mdevctl is busy with it. */
const readTimeoutMs = 15_000;
/** What one device may take besides: to list many on a busy machine is no reason to give up. */
const timeoutOfEachMs = 10;
/** How many there may be on a host that was never listed. */
const unknownNumber = 5_000;
/** From here on a second connection is worth its while. */
const manyDevices = 200;
/** The binding looks more names up in a list, for which libvirt looks at every device of the host. */
const namesAtOnce = 2;

const what = 'the node devices could not be listed';

/** PCI devices, parents and mdevs, active and inactive. @param expected how many there were @throws DeviceError */
export async function readEveryNodeDevice(
  connections: NodeDeviceConnections,
  expected = unknownNumber,
): Promise<readonly NodeDeviceRecord[]> {
  const timeoutMs = readTimeoutMs + expected * timeoutOfEachMs;
  if (expected < manyDevices) {
    return await read(connections, timeoutMs, (connection) =>
      allOrNone((signal) => [listOthers(connection, signal), listMdevs(connection, signal)]),
    );
  }
  return await allOrNone((signal) => [
    read(connections, timeoutMs, (connection) => listOthers(connection, signal)),
    readAside(connections, timeoutMs, (connection) => listMdevs(connection, signal)),
  ]);
}

/** What a change of an mdev needs: of PCI devices only the parents. @throws DeviceError */
export async function readMdevsAndParents(connections: NodeDeviceConnections): Promise<readonly NodeDeviceRecord[]> {
  return await read(connections, readTimeoutMs, (connection) =>
    allOrNone((signal) => [list(connection, parents, ofOthers, signal), listMdevs(connection, signal)]),
  );
}

/** @throws DeviceError */
export async function readMdevs(connections: NodeDeviceConnections): Promise<readonly NodeDeviceRecord[]> {
  return await read(connections, readTimeoutMs, (connection) => listMdevs(connection));
}

/** These devices, whatever they are; those that are not there are left out. @throws DeviceError */
export async function readNamedNodeDevices(
  connections: NodeDeviceConnections,
  names: { readonly withState: readonly string[]; readonly documents: readonly string[] },
): Promise<readonly NodeDeviceRecord[]> {
  return await read(connections, readTimeoutMs, (connection) =>
    allOrNone((signal) => {
      const readAll = (some: readonly string[], fields: readonly NodeDeviceField[]) =>
        chunksOf(some, namesAtOnce).map((few): Promise<NodeDeviceRecord[]> =>
          connection.readNodeDevices(few, { fields, signal }),
        );
      return [...readAll(names.withState, ofMdevs), ...readAll(names.documents, ofOthers)];
    }),
  );
}

/** What all of them read. When one fails the others are given up, so that none keeps its connection busy for nobody. */
async function allOrNone(
  start: (signal: AbortSignal) => readonly Promise<readonly NodeDeviceRecord[]>[],
): Promise<readonly NodeDeviceRecord[]> {
  const controller = new AbortController();
  try {
    return (await Promise.all(start(controller.signal))).flat();
  } catch (error) {
    controller.abort();
    throw error;
  }
}

async function listOthers(connection: Connection, signal?: AbortSignal): Promise<readonly NodeDeviceRecord[]> {
  return await list(connection, pciDevicesAndParents, ofOthers, signal);
}

async function listMdevs(connection: Connection, signal?: AbortSignal): Promise<readonly NodeDeviceRecord[]> {
  return await list(connection, mdevs, ofMdevs, signal);
}

async function list(
  connection: Connection,
  flags: number,
  fields: readonly NodeDeviceField[],
  signal: AbortSignal | undefined,
): Promise<readonly NodeDeviceRecord[]> {
  return await connection.listNodeDevicesWithXml({ flags, fields, signal });
}

async function read<T>(
  connections: NodeDeviceConnections,
  timeoutMs: number,
  act: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    return await connections.readNodeDevices(act, timeoutMs, what);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

/** On a connection of its own, at the same time as something else. */
async function readAside<T>(
  connections: NodeDeviceConnections,
  timeoutMs: number,
  act: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    return await connections.withNodeDevices((connection) => readWithin(act(connection), timeoutMs, what));
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
