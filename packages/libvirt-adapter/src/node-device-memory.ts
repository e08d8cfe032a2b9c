// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ListedParent, MdevVgpu, NodeDeviceListing } from '@vgpu/core';
import type { Connections } from './connections.js';
import { InTurn } from './in-turn.js';
import {
  isListed,
  isMdevName,
  readRecord,
  toMdev,
  type KnownMdev,
  type ReadNodeDevice,
} from './node-device-listing.js';
import { readEveryNodeDevice, readNamedNodeDevices } from './node-device-records.js';
import { Pending, type Due } from './pending.js';

/** Reading one by its name costs about two of a list: a burst of more than this share is a list. */
const mostNamesShare = 1 / 4;
const fewNames = 16;

/** The node devices as they were read last, and what has to be read again. */
export class NodeDeviceMemory {
  readonly #connections: Connections;
  readonly #turn = new InTurn();
  readonly #pending = new Pending<string>();
  /** By libvirt's name. */
  #devices: ReadonlyMap<string, ReadNodeDevice> = new Map();
  /** How many of them are no mdevs. */
  #others = 0;
  #mdevs: ReadonlyMap<ReadNodeDevice, MdevVgpu> = new Map();
  #listing: NodeDeviceListing = { pciDevices: [], parents: [], mdevs: [] };

  constructor(connections: Connections) {
    this.#connections = connections;
    connections.onEvent((event) => {
      if (event.kind === 'node-device') this.#pending.add(event.name);
      else if (event.kind === 'missed' && event.of === 'node-devices') this.#pending.addEverything();
    });
  }

  /** It may have changed, though libvirt may tell nobody. */
  mark(nodeDeviceName: string): void {
    this.#pending.add(nodeDeviceName);
  }

  /** Nobody knows which one changed. */
  markEverything(): void {
    this.#pending.addEverything();
  }

  /** @throws DeviceError */
  list(): Promise<NodeDeviceListing> {
    return this.#turn.run(async () => {
      this.#pending.addEverything();
      return await this.#read();
    });
  }

  /** The last listing with all that was told of since. @throws DeviceError */
  listChanged(): Promise<NodeDeviceListing> {
    return this.#turn.run(() => this.#read());
  }

  async #read(): Promise<NodeDeviceListing> {
    // Before reading: what is told of from here on is for the next time.
    const due = this.#pending.take();
    try {
      const devices = (await this.#readAgain(due)) ?? (await this.#readEverything());
      this.#replace(devices);
      return this.#listing;
    } catch (error) {
      this.#pending.putBack(due);
      throw error;
    }
  }

  async #readEverything(): Promise<ReadonlyMap<string, ReadNodeDevice>> {
    const expected = this.#devices.size === 0 ? undefined : this.#devices.size;
    const records = await readEveryNodeDevice(this.#connections, expected);
    return new Map(records.map((record) => [record.name, readRecord(record, this.#devices.get(record.name))]));
  }

  /**
   * The devices with these read again, and with them all parents, whose counts move with every mdev and without an
   * event. undefined where only a list is right: a parent comes or goes and its mdevs with it, or too many changed.
   */
  async #readAgain(due: Due<string>): Promise<ReadonlyMap<string, ReadNodeDevice> | undefined> {
    if (due === 'everything') return undefined;
    if (due.size === 0) return this.#devices;
    const parents = [...this.#devices.values()].filter(({ parent }) => parent !== undefined);
    const names = [...due];
    const counted = names.some((name) => isMdevName(name) || this.#devices.get(name)?.parent !== undefined)
      ? parents.map(({ record }) => record.name).filter((name) => !due.has(name))
      : [];
    if (names.length + counted.length > Math.max(fewNames, this.#devices.size * mostNamesShare)) return undefined;
    const records = await readNamedNodeDevices(this.#connections, {
      withState: names.filter((name) => isMdevName(name)),
      documents: [...names.filter((name) => !isMdevName(name)), ...counted],
    });
    const read = records.map((record) => readRecord(record, this.#devices.get(record.name))).filter(isListed);
    const devices = new Map(this.#devices);
    const present = new Set(read.map(({ record }) => record.name));
    for (const name of [...names, ...counted]) if (!present.has(name)) devices.delete(name);
    for (const device of read) devices.set(device.record.name, device);
    const isParent = (name: string) => devices.get(name)?.parent !== undefined;
    const wasParent = (name: string) => this.#devices.get(name)?.parent !== undefined;
    return [...names, ...counted].every((name) => isParent(name) === wasParent(name)) ? devices : undefined;
  }

  /** Keeps every object and every list that is as it was. */
  #replace(devices: ReadonlyMap<string, ReadNodeDevice>): void {
    if (devices === this.#devices) return;
    const all = [...devices.values()];
    const parents = all.flatMap(({ parent }) => parent ?? []);
    // What an mdev's parent is called, and whether it is there, changes with other devices than mdevs.
    const others = all.filter(({ record }) => !isMdevName(record.name));
    const isSameHost = others.length === this.#others && others.every(({ record }) => this.#devices.has(record.name));
    const mdevs = new Map<ReadNodeDevice, MdevVgpu>();
    for (const device of all) {
      const before = isSameHost ? this.#mdevs.get(device) : undefined;
      const mdev = before ?? toPublic(toMdev(device, parents, (name) => devices.has(name)));
      if (mdev !== undefined) mdevs.set(device, mdev);
    }
    this.#listing = {
      pciDevices: unlessSame(
        this.#listing.pciDevices,
        all.flatMap(({ pciDevice }) => pciDevice ?? []),
      ),
      parents: unlessSame(
        this.#listing.parents,
        all.flatMap(({ document }) => parentOf(document) ?? []),
      ),
      mdevs: unlessSame(this.#listing.mdevs, [...mdevs.values()]),
    };
    this.#devices = devices;
    this.#others = others.length;
    this.#mdevs = mdevs;
  }
}

function parentOf(document: ReadNodeDevice['document']): ListedParent | undefined {
  return document.nodeDeviceName === undefined ? undefined : document.parent;
}

function toPublic(mdev: KnownMdev | undefined): MdevVgpu | undefined {
  if (mdev === undefined) return undefined;
  const { nodeDeviceName: _name, ...rest } = mdev;
  return rest;
}

function unlessSame<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const isSame = before.length === after.length && before.every((item, index) => item === after[index]);
  return isSame ? before : after;
}
