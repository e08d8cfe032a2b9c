// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  checkMdevAttributes,
  parentDriver,
  refuseWhileInUse,
  requireInstance,
  requireListedMdev,
  requireParent,
  requirePersistent,
  requireReadable,
  requireType,
  requireUniqueUuid,
  requireUnusedUuid,
  type Domain,
  type MdevDefinition,
  type MdevId,
  type NodeDeviceListing,
  type NodeDevicePort,
} from '@vgpu/core';
import type { Connection, NodeDevice } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { toDeviceError, toMdevChangeError, toMdevDefinitionError } from './errors.js';
import { toListing, type KnownMdev, type KnownNodeDevices } from './node-device-listing.js';
import { NodeDeviceMemory } from './node-device-memory.js';
import { readMdevs, readMdevsAndParents } from './node-device-records.js';
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
  readonly #memory: NodeDeviceMemory;

  constructor(connections: Connections, options: NodeDevicesOptions) {
    this.#connections = connections;
    this.#options = options;
    this.#memory = new NodeDeviceMemory(connections);
  }

  list(): Promise<NodeDeviceListing> {
    return this.#memory.list();
  }

  listChanged(): Promise<NodeDeviceListing> {
    return this.#memory.listChanged();
  }

  /** libvirt would accept an unknown type, a second parent for the same UUID, and on 11.3 a second definition. */
  async define(definition: MdevDefinition): Promise<void> {
    const { uuid, parent: parentName, typeId, attributes } = definition;
    const devices = await listMdevsAndParents(this.#connections);
    const parent = requireParent(devices.parents, parentName);
    requireType(parent, typeId);
    checkMdevAttributes(attributes, parentDriver(devices, parentName));
    const same = find(devices.mdevs, definition);
    // An active one without a definition becomes persistent.
    requireUnusedUuid(
      devices.mdevs.filter((mdev) => mdev !== same || mdev.persistent || mdev.unreadable === true),
      uuid,
    );
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
      const failure = toMdevDefinitionError(error, what, { uuid, parent: parentName });
      if (failure.code === 'TimedOut') this.#memory.markEverything();
      else await this.#refuseDefined(definition);
      throw failure;
    }
    await this.#settled(definition, (mdev) => mdev?.persistent === true, 'defined');
  }

  /**
   * Where the kernel's own count lies, mdevctl sends the request and the kernel refuses it: the count read afterwards
   * names the holders where it says that nothing is left, else there is the kernel's number alone.
   */
  async start(id: MdevId): Promise<void> {
    const devices = await listMdevsAndParents(this.#connections);
    const mdev = requireChangeable(devices.mdevs, id);
    if (mdev.active) throw invalidState(id, 'is active already');
    if (!mdev.parentPresent) throw invalidState(id, `needs its parent ${id.parent}, which is not there`);
    requireFree(devices, mdev);
    await this.#change(
      mdev,
      'started',
      (device) => device.create(),
      async (failure) => {
        const after = await listMdevsAndParents(this.#connections);
        if (find(after.mdevs, id)?.active === true) return;
        requireFree(after, requireListedMdev(after.mdevs, id));
        throw failure;
      },
      toMdevChangeError,
    );
    await this.#settled(mdev, (now) => now?.active === true, 'active');
  }

  async stop(id: MdevId): Promise<void> {
    const mdev = requireListedMdev(await listMdevs(this.#connections), id);
    if (!mdev.active) throw invalidState(id, 'is not active');
    refuseWhileInUse(await this.#options.listDomains(), mdev);
    await this.#change(
      mdev,
      'stopped',
      (device) => device.destroy(),
      async (failure) => {
        if (find(await listMdevs(this.#connections), id)?.active !== true) return;
        refuseWhileInUse(await this.#options.listDomains(), mdev);
        throw failure;
      },
      toMdevChangeError,
    );
    await this.#settled(mdev, (now) => now?.active !== true, 'inactive');
  }

  /** With the same UUID under two parents libvirt would remove both definitions. */
  async undefine(id: MdevId): Promise<void> {
    const mdevs = await listMdevs(this.#connections);
    const mdev = requireChangeable(mdevs, id);
    requirePersistent(mdev);
    await this.#change(
      mdev,
      'undefined',
      (device) => device.undefine(),
      async (failure) => {
        if (find(await listMdevs(this.#connections), id)?.persistent === true) throw failure;
      },
    );
    await this.#settled(mdev, (now) => now?.persistent !== true, 'undefined');
  }

  async setAutostart(id: MdevId, autostart: boolean): Promise<void> {
    const mdevs = await listMdevs(this.#connections);
    const mdev = requireChangeable(mdevs, id);
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
    await this.#settled(mdev, (now) => now?.autostart === autostart, autostart ? 'autostarted' : 'not autostarted');
  }

  /**
   * Sends one change. `judge` is called when it failed: it returns when the change was made all the same, and throws
   * what the state says, or the failure it is given, which `toError` has made.
   */
  async #change(
    mdev: KnownMdev,
    done: string,
    send: (device: NodeDevice) => Promise<void>,
    judge: (failure: DeviceError) => Promise<void>,
    toError: typeof toMdevDefinitionError = toMdevDefinitionError,
  ): Promise<void> {
    const { uuid, parent, nodeDeviceName } = mdev;
    const what = `vGPU ${uuid} could not be ${done}`;
    const failure = await this.#connections.withNodeDevices(async (connection) => {
      const device = await lookUp(connection, nodeDeviceName, what);
      try {
        await within(send(device), this.#options.settleTimeoutMs, what);
        return undefined;
      } catch (error) {
        return toError(error, what, { uuid, parent });
      } finally {
        this.#memory.mark(nodeDeviceName);
        device.dispose();
      }
    });
    if (failure === undefined) return;
    if (failure.code === 'TimedOut') throw failure;
    await judge(failure);
  }

  /** Remembers to read it again, also where libvirt tells nobody, and where a reading meanwhile came too early. */
  async #settled(
    id: MdevId & Partial<Pick<KnownMdev, 'nodeDeviceName'>>,
    isThere: (mdev: KnownMdev | undefined) => boolean,
    state: string,
  ): Promise<void> {
    const look = async () => {
      const mdev = find(await listMdevs(this.#connections), id);
      if (mdev !== undefined) this.#memory.mark(mdev.nodeDeviceName);
      return isThere(mdev);
    };
    await waitUntil(look, {
      events: this.#connections,
      timedOut: `vGPU ${id.uuid} under ${id.parent} did not become ${state}`,
      timeoutMs: this.#options.settleTimeoutMs,
    });
    this.#memory.markMdev(id);
    if (id.nodeDeviceName !== undefined) this.#memory.mark(id.nodeDeviceName);
  }

  /** Somebody else may have been faster. */
  async #refuseDefined({ uuid }: MdevId): Promise<void> {
    requireUnusedUuid(
      (await listMdevs(this.#connections)).filter((mdev) => mdev.persistent),
      uuid,
    );
  }
}

async function lookUp(connection: Connection, nodeDeviceName: string, what: string): Promise<NodeDevice> {
  try {
    return await readWithin(connection.lookupNodeDeviceByName(nodeDeviceName), lookUpTimeoutMs, what);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

/** Only mdevs; whether their parents are there is not known, `parentPresent` is false. */
export async function listMdevs(connections: Connections): Promise<readonly KnownMdev[]> {
  return toListing(await readMdevs(connections)).mdevs;
}

/** Only what a change of an mdev needs: of PCI devices the parents, though those without any type are missing. */
async function listMdevsAndParents(connections: Connections): Promise<KnownNodeDevices> {
  return toListing(await readMdevsAndParents(connections));
}

function find(mdevs: readonly KnownMdev[], id: MdevId): KnownMdev | undefined {
  return mdevs.find((mdev) => mdev.uuid === id.uuid && mdev.parent === id.parent);
}

/** The mdev, when mdevctl finds it by its UUID and we know what it is. */
function requireChangeable(mdevs: readonly KnownMdev[], id: MdevId): KnownMdev {
  const mdev = requireListedMdev(mdevs, id);
  requireUniqueUuid(mdevs, id.uuid);
  requireReadable(mdev);
  return mdev;
}

function requireFree({ parents, mdevs }: KnownNodeDevices, { parent: name, typeId }: KnownMdev): void {
  const parent = requireParent(parents, name);
  requireInstance(parent, requireType(parent, typeId), mdevs);
}

function invalidState({ uuid, parent }: MdevId, problem: string): DeviceError {
  return new DeviceError('InvalidState', `vGPU ${uuid} ${problem}`, { details: { uuid, parent } });
}
