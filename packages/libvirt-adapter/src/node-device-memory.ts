// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ListedParent, MdevId, MdevVgpu, NodeDeviceListing, PciAddress } from '@vgpu/core';
import { extentOf, type Connections } from './connections.js';
import { InTurn } from './in-turn.js';
import { isMdevName, readRecord, toMdev, type KnownMdev, type ReadNodeDevice } from './node-device-listing.js';
import { readEveryNodeDevice, readNamedNodeDevices, type NodeDeviceConnections } from './node-device-records.js';
import { Pending, type Due } from './pending.js';
import { unlessEqual, unlessSame } from './same.js';
import { findNamedParent, parseMdevNodeDeviceName } from './xml/node-device.js';

/** Reading one by its name costs about two of a list: a burst of more than this share is a list. */
const mostNamesShare = 1 / 4;
const fewNames = 16;

/** How node devices are read. */
export interface NodeDeviceReader {
  readonly every: typeof readEveryNodeDevice;
  readonly named: typeof readNamedNodeDevices;
}

type MemoryConnections = NodeDeviceConnections & Pick<Connections, 'onEvent'>;

/** The node devices as they were read last, and what has to be read again. */
export class NodeDeviceMemory {
  readonly #connections: MemoryConnections;
  readonly #reader: NodeDeviceReader;
  readonly #turn = new InTurn();
  readonly #pending = new Pending<string>();
  /** By libvirt's name. */
  #devices: ReadonlyMap<string, ReadNodeDevice> = new Map();
  /** How many of them are no mdevs. */
  #others = 0;
  #mdevs: ReadonlyMap<ReadNodeDevice, MdevVgpu> = new Map();
  #listing: NodeDeviceListing = { pciDevices: [], parents: [], mdevs: [] };

  constructor(
    connections: MemoryConnections,
    reader: NodeDeviceReader = { every: readEveryNodeDevice, named: readNamedNodeDevices },
  ) {
    this.#connections = connections;
    this.#reader = reader;
    connections.onEvent((event) => {
      if (event.kind === 'domain' || (event.kind === 'missed' && event.of === 'domains')) return;
      if (event.kind === 'missed' || extentOf(event) === 'everything') this.#pending.addEverything();
      else this.#pending.add(event.name);
    });
  }

  /** It may have changed, though libvirt may tell nobody. */
  mark(nodeDeviceName: string): void {
    this.#pending.add(nodeDeviceName);
  }

  /** The same for one that may be gone by now. */
  markMdev({ uuid, parent }: MdevId): void {
    for (const [device, mdev] of this.#mdevs) {
      if (mdev.uuid === uuid && mdev.parent === parent) this.#pending.add(device.record.name);
    }
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
    const records = await this.#reader.every(this.#connections, expected);
    return new Map(records.map((record) => [record.name, readRecord(record, this.#devices.get(record.name))]));
  }

  /**
   * The devices with these read again, and with them the parents whose counts move with an mdev, without an event.
   * undefined where only a list is right: a parent comes or goes and its mdevs with it, an mdev has gone to another
   * parent, whose counts were not read, or too many changed.
   */
  async #readAgain(due: Due<string>): Promise<ReadonlyMap<string, ReadNodeDevice> | undefined> {
    if (due === 'everything') return undefined;
    if (due.size === 0) return this.#devices;
    const names = [...due];
    const counted = this.#parentsCountedWith(names).filter((name) => !due.has(name));
    if (names.length + counted.length > Math.max(fewNames, this.#devices.size * mostNamesShare)) return undefined;
    const isMdev = (name: string) => this.#isMdev(name);
    const records = await this.#reader.named(this.#connections, {
      withState: names.filter(isMdev),
      documents: [...names.filter((name) => !isMdev(name)), ...counted],
    });
    const read = records.map((record) => readRecord(record, this.#devices.get(record.name)));
    const devices = new Map(this.#devices);
    const present = new Set(read.map(({ record }) => record.name));
    for (const name of [...names, ...counted]) if (!present.has(name)) devices.delete(name);
    for (const device of read) devices.set(device.record.name, device);
    const isParent = (name: string) => devices.get(name)?.parent !== undefined;
    const wasParent = (name: string) => this.#devices.get(name)?.parent !== undefined;
    if ([...names, ...counted].some((name) => isParent(name) !== wasParent(name))) return undefined;
    return read.some((device) => this.#isElsewhere(device)) ? undefined : devices;
  }

  /**
   * Which parents' counts a change of these can move: those of the mdev's own parent, whose types share its memory, and
   * those of parents that are functions of one GPU, as NVIDIA's since Ampere: they share that GPU's memory, and the
   * first mdev decides which types the others can make. Nothing is shared between GPUs. On large hosts a parent's
   * document costs more than all the rest, so that no other is read.
   */
  #parentsCountedWith(names: readonly string[]): readonly string[] {
    const parents = [...this.#devices.values()].filter(({ parent }) => parent !== undefined);
    const counted = new Set<string>();
    for (const name of names.filter((each) => this.#isMdev(each))) {
      const own = this.#parentOf(name, parents);
      const gpu = own && gpuOf(own);
      for (const each of parents) {
        // Nobody knows whose it is: it may be anybody's.
        const isCounted = own === undefined || each === own || (gpu !== undefined && gpuOf(each) === gpu);
        if (isCounted) counted.add(each.record.name);
      }
    }
    return [...counted];
  }

  /** By its name, or as it was read last. */
  #isMdev(name: string): boolean {
    return isMdevName(name) || this.#known(name) !== undefined;
  }

  #known(name: string): MdevVgpu | undefined {
    const device = this.#devices.get(name);
    return device && this.#mdevs.get(device);
  }

  /** Whether it is an mdev that was under another parent, which the same name does not tell before libvirt 7.8. */
  #isElsewhere({ record, document }: ReadNodeDevice): boolean {
    const before = this.#known(record.name)?.parent;
    const now = document.mdev?.parent;
    return before !== undefined && now !== undefined && before !== now;
  }

  #parentOf(name: string, parents: readonly ReadNodeDevice[]): ReadNodeDevice | undefined {
    const known = this.#known(name)?.parent;
    const named = findNamedParent(
      parseMdevNodeDeviceName(name)?.parent,
      parents.flatMap(({ parent }) => parent?.name ?? []),
    );
    return parents.find(({ parent }) => parent?.name === (known ?? named));
  }

  /** Keeps every object and every list that is as it was. */
  #replace(devices: ReadonlyMap<string, ReadNodeDevice>): void {
    if (devices === this.#devices) return;
    const all = [...devices.values()];
    const parents = all.flatMap(({ parent }) => parent ?? []);
    // What an mdev's parent is called, and whether it is there, changes with the names of other devices than mdevs.
    const others = all.filter(({ record }) => !isMdevName(record.name));
    const isAsBefore = ({ record, parent }: ReadNodeDevice) => {
      const before = this.#devices.get(record.name);
      return before !== undefined && before.parent?.name === parent?.name;
    };
    const isSameHost = others.length === this.#others && others.every(isAsBefore);
    const mdevs = new Map<ReadNodeDevice, MdevVgpu>();
    for (const device of all) {
      const known = this.#devices.get(device.record.name);
      const before = this.#known(device.record.name);
      const mdev =
        isSameHost && known === device
          ? before
          : unlessEqual(before, toPublic(toMdev(device, parents, (name) => devices.has(name))));
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

/** The GPU of which a function is; undefined for a parent that is no PCI function. */
function gpuOf({ pciDevice }: ReadNodeDevice): PciAddress | undefined {
  return pciDevice?.physicalFunction ?? pciDevice?.address;
}

function parentOf(document: ReadNodeDevice['document']): ListedParent | undefined {
  return document.nodeDeviceName === undefined ? undefined : document.parent;
}

function toPublic(mdev: KnownMdev | undefined): MdevVgpu | undefined {
  if (mdev === undefined) return undefined;
  const { nodeDeviceName: _name, ...rest } = mdev;
  return rest;
}
