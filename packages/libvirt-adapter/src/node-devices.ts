// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  checkMdevAttributes,
  cleanDisplayText,
  type Domain,
  type MdevDefinition,
  type MdevId,
  type MdevTypeId,
  type NodeDeviceListing,
  type NodeDevicePort,
  type ParentName,
  type Uuid,
} from '@vgpu/core';
import type { Connection, NodeDevice } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { toChangeError, toDeviceError } from './errors.js';
import {
  listMdevs,
  listMdevsAndParents,
  listNodeDevices,
  newNodeDeviceReading,
  type KnownMdev,
  type KnownNodeDevices,
  type KnownParent,
} from './node-device-listing.js';
import { readWithin, waitUntil, within } from './wait.js';
import { formatMdevXml } from './xml/node-device.js';

const lookUpTimeoutMs = 10_000;

export interface NodeDevicesOptions {
  /** How long a change may take until it can be read back. */
  readonly settleTimeoutMs: number;
  /** Tells who holds an mdev. */
  readonly listDomains: () => Promise<readonly Domain[]>;
}

/**
 * Node devices through libvirt, which has mdevctl make every change and reports all of mdevctl's refusals with one
 * number and a text. So each change is judged from a listing before it is sent, and from another one when it failed.
 */
export class LibvirtNodeDevices implements NodeDevicePort {
  readonly #connections: Connections;
  readonly #options: NodeDevicesOptions;
  readonly #reading = newNodeDeviceReading();

  constructor(connections: Connections, options: NodeDevicesOptions) {
    this.#connections = connections;
    this.#options = options;
  }

  async list(): Promise<NodeDeviceListing> {
    const { pciDevices, parents, mdevs } = await listNodeDevices(this.#connections, this.#reading);
    return { pciDevices, parents: parents.map(withoutName), mdevs: mdevs.map(withoutName) };
  }

  /** libvirt would accept an unknown type, a second parent for the same UUID, and on 11.3 a second definition. */
  async define(definition: MdevDefinition): Promise<void> {
    const { uuid, parent: parentName, typeId, attributes } = definition;
    const devices = await listNodeDevices(this.#connections, this.#reading);
    const parent = requireParent(devices, parentName);
    requireType(parent, typeId);
    const driver = devices.pciDevices.find((device) => device.address === parent.pciAddress)?.driver;
    checkMdevAttributes(attributes, driver ?? (parentName === 'matrix' ? 'vfio_ap' : undefined));
    const known = withUuid(devices.mdevs, uuid);
    const same = known.find((mdev) => mdev.parent === parentName);
    const other = known.find((mdev) => mdev.persistent || mdev !== same);
    if (other !== undefined) throw alreadyExists(other);
    if (same !== undefined && same.typeId !== typeId) {
      throw new DeviceError('InvalidState', `vGPU ${uuid} is active as ${same.typeId}, not as ${typeId}`, {
        details: { uuid, typeId: same.typeId },
      });
    }
    const what = `vGPU ${uuid} could not be defined`;
    try {
      const xml = formatMdevXml(definition, parent.nodeDeviceName);
      await this.#connections.withNodeDevices(async (connection) => {
        (await within(connection.defineNodeDeviceXml(xml), this.#options.settleTimeoutMs, what)).dispose();
      });
    } catch (error) {
      const failure = toChangeError(error, what, { uuid, parent: parentName });
      if (failure.code !== 'TimedOut') await this.#refuseDefined(definition);
      throw failure;
    }
    await this.#settled(definition, (mdev) => mdev?.persistent === true, 'defined');
  }

  /**
   * Where the kernel's own count lies, mdevctl sends the request and the kernel refuses it: that is Internal unless the
   * count read afterwards says that nothing is left.
   */
  async start(id: MdevId): Promise<void> {
    const devices = await listMdevsAndParents(this.#connections);
    const mdev = requireMdev(devices.mdevs, id);
    requireUnique(devices.mdevs, id.uuid);
    if (mdev.active) throw invalidState(id, 'is active already');
    if (!mdev.parentPresent) throw invalidState(id, `needs its parent ${id.parent}, which is not there`);
    requireInstance(devices, mdev);
    await this.#change(
      mdev,
      'started',
      (device) => device.create(),
      async (failure) => {
        const after = await listMdevsAndParents(this.#connections);
        if (find(after.mdevs, id)?.active === true) return;
        requireInstance(after, requireMdev(after.mdevs, id));
        throw failure;
      },
    );
    await this.#settled(id, (now) => now?.active === true, 'active');
  }

  async stop(id: MdevId): Promise<void> {
    const mdev = requireMdev(await listMdevs(this.#connections), id);
    if (!mdev.active) throw invalidState(id, 'is not active');
    await this.#refuseWhileInUse(id);
    await this.#change(
      mdev,
      'stopped',
      (device) => device.destroy(),
      async (failure) => {
        if (find(await listMdevs(this.#connections), id)?.active !== true) return;
        await this.#refuseWhileInUse(id);
        throw failure;
      },
    );
    await this.#settled(id, (now) => now?.active !== true, 'inactive');
  }

  /** With the same UUID under two parents libvirt would remove both definitions. */
  async undefine(id: MdevId): Promise<void> {
    const mdevs = await listMdevs(this.#connections);
    const mdev = requireMdev(mdevs, id);
    requireUnique(mdevs, id.uuid);
    requirePersistent(mdev);
    await this.#change(
      mdev,
      'undefined',
      (device) => device.undefine(),
      async (failure) => {
        if (find(await listMdevs(this.#connections), id)?.persistent === true) throw failure;
      },
    );
    await this.#settled(id, (now) => now?.persistent !== true, 'undefined');
  }

  async setAutostart(id: MdevId, autostart: boolean): Promise<void> {
    const mdevs = await listMdevs(this.#connections);
    const mdev = requireMdev(mdevs, id);
    requireUnique(mdevs, id.uuid);
    requirePersistent(mdev);
    if (mdev.autostart === autostart) return;
    await this.#change(
      mdev,
      'changed',
      (device) => device.setAutostart(autostart),
      async (failure) => {
        if (find(await listMdevs(this.#connections), id)?.autostart !== autostart) throw failure;
      },
    );
    await this.#settled(id, (now) => now?.autostart === autostart, autostart ? 'autostarted' : 'not autostarted');
  }

  /**
   * Sends one change. `judge` is called when it failed: it returns when the change was made all the same, and throws
   * what the state says, or the failure it is given.
   */
  async #change(
    mdev: KnownMdev,
    done: string,
    send: (device: NodeDevice) => Promise<void>,
    judge: (failure: DeviceError) => Promise<void>,
  ): Promise<void> {
    const { uuid, parent, nodeDeviceName } = mdev;
    const what = `vGPU ${uuid} could not be ${done}`;
    const failure = await this.#connections.withNodeDevices(async (connection) => {
      const device = await lookUp(connection, nodeDeviceName, what);
      try {
        await within(send(device), this.#options.settleTimeoutMs, what);
        return undefined;
      } catch (error) {
        return toChangeError(error, what, { uuid, parent });
      } finally {
        device.dispose();
      }
    });
    if (failure === undefined) return;
    if (failure.code === 'TimedOut') throw failure;
    await judge(failure);
  }

  async #settled(id: MdevId, isThere: (mdev: KnownMdev | undefined) => boolean, state: string): Promise<void> {
    await waitUntil(async () => isThere(find(await listMdevs(this.#connections), id)), {
      events: this.#connections,
      timedOut: `vGPU ${id.uuid} under ${id.parent} did not become ${state}`,
      timeoutMs: this.#options.settleTimeoutMs,
    });
  }

  /** Somebody else may have been faster. */
  async #refuseDefined({ uuid }: MdevId): Promise<void> {
    const stored = withUuid(await listMdevs(this.#connections), uuid).find((mdev) => mdev.persistent);
    if (stored !== undefined) throw alreadyExists(stored);
  }

  async #refuseWhileInUse({ uuid }: MdevId): Promise<void> {
    const user = (await this.#options.listDomains()).find((domain) =>
      domain.active?.hostdevs.some((hostdev) => hostdev.kind === 'mdev' && hostdev.uuid === uuid),
    );
    if (user === undefined) return;
    throw new DeviceError('DeviceBusy', `vGPU ${uuid} is in use by the running domain ${cleanDisplayText(user.name)}`, {
      details: { uuid, domain: user.uuid, domainName: cleanDisplayText(user.name) },
    });
  }
}

async function lookUp(connection: Connection, nodeDeviceName: string, what: string): Promise<NodeDevice> {
  try {
    return await readWithin(connection.lookupNodeDeviceByName(nodeDeviceName), lookUpTimeoutMs, what);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

function withoutName<T extends { readonly nodeDeviceName: string }>(device: T): Omit<T, 'nodeDeviceName'> {
  const { nodeDeviceName: _name, ...rest } = device;
  return rest;
}

function withUuid(mdevs: readonly KnownMdev[], uuid: Uuid): readonly KnownMdev[] {
  return mdevs.filter((mdev) => mdev.uuid === uuid);
}

function find(mdevs: readonly KnownMdev[], id: MdevId): KnownMdev | undefined {
  return mdevs.find((mdev) => mdev.uuid === id.uuid && mdev.parent === id.parent);
}

function requireMdev(mdevs: readonly KnownMdev[], id: MdevId): KnownMdev {
  const mdev = find(mdevs, id);
  if (mdev !== undefined) return mdev;
  throw new DeviceError('NotFound', `vGPU ${id.uuid} does not exist under ${id.parent}`, {
    details: { uuid: id.uuid, parent: id.parent },
  });
}

function requireUnique(mdevs: readonly KnownMdev[], uuid: Uuid): void {
  const parents = withUuid(mdevs, uuid).map((mdev) => mdev.parent);
  if (parents.length === 1) return;
  throw new DeviceError('Ambiguous', `vGPU ${uuid} exists under several parents: ${parents.join(', ')}`, {
    details: { uuid, parents },
  });
}

function requirePersistent(mdev: KnownMdev): void {
  if (!mdev.persistent) throw invalidState(mdev, 'is transient: it has no definition');
}

function requireParent(devices: KnownNodeDevices, name: ParentName): KnownParent {
  const parent = devices.parents.find((candidate) => candidate.name === name);
  if (parent !== undefined) return parent;
  throw new DeviceError('NotFound', `${name} is no device of this host that can make vGPUs`, {
    details: { parent: name },
  });
}

function requireType(parent: KnownParent, typeId: MdevTypeId): KnownParent['types'][number] {
  const type = parent.types.find((candidate) => candidate.typeId === typeId);
  if (type !== undefined) return type;
  const types = parent.types.map((candidate) => candidate.typeId);
  throw new DeviceError('NotFound', `${parent.name} has no type ${typeId}, it has ${types.join(', ') || 'none'}`, {
    details: { parent: parent.name, typeId, types },
  });
}

function requireInstance(devices: KnownNodeDevices, mdev: KnownMdev): void {
  const parent = requireParent(devices, mdev.parent);
  if (requireType(parent, mdev.typeId).availableInstances > 0) return;
  const holders = devices.mdevs.filter((other) => other.parent === parent.name && other.active).map(({ uuid }) => uuid);
  throw new DeviceError('NoAvailableInstances', `${parent.name} has no available instances of ${mdev.typeId}`, {
    details: { parent: parent.name, typeId: mdev.typeId, holders },
  });
}

function alreadyExists({ uuid, parent }: MdevId): DeviceError {
  return new DeviceError('AlreadyExists', `vGPU ${uuid} exists already under ${parent}`, { details: { uuid, parent } });
}

function invalidState({ uuid, parent }: MdevId, problem: string): DeviceError {
  return new DeviceError('InvalidState', `vGPU ${uuid} ${problem}`, { details: { uuid, parent } });
}
