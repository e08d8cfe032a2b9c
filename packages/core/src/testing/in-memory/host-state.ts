// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import { parseMdevTypeId, parseParentName, type ParentName } from '../../identity/device-names.js';
import { isPciAddress, parsePciAddress, type PciAddress } from '../../identity/pci-address.js';
import { parseUuid, type Uuid } from '../../identity/uuid.js';
import type { Domain } from '../../model/domain.js';
import { formatVgpuKey, type MdevVgpu, type VgpuKey } from '../../model/vgpu.js';
import type { ListedParent, ListedPciDevice, NodeDeviceListing } from '../../ports.js';
import { availableInstances, gvtgTypes } from '../../rules/capacity.js';
import type { HostFile, HostFileMdev, HostFileParent, HostFilePciDevice } from '../host-file.js';

/** What a machine is in at one moment; the ports of InMemoryHost read and change it. */
export class HostState {
  readonly file: HostFile;
  readonly mdevs = new Map<VgpuKey, MdevVgpu>();
  readonly domains = new Map<Uuid, Domain>();
  /** Names of parents and PCI devices that are taken out of the machine. */
  readonly unplugged = new Set<string>();

  constructor(file: HostFile, domains: readonly Domain[]) {
    this.file = file;
    for (const mdev of file.mdevs) this.put(this.#toMdev(mdev));
    for (const domain of domains) this.domains.set(domain.uuid, domain);
  }

  put(mdev: MdevVgpu): void {
    this.mdevs.set(formatVgpuKey(mdev), mdev);
  }

  parent(name: ParentName): HostFileParent | undefined {
    return this.unplugged.has(name) ? undefined : this.file.parents.find((parent) => parent.name === name);
  }

  withUuid(uuid: Uuid): readonly MdevVgpu[] {
    return [...this.mdevs.values()].filter((mdev) => mdev.uuid === uuid);
  }

  /** Available instances of every type of a parent that is there. */
  instances(parent: HostFileParent): ReadonlyMap<string, number> {
    const active = [...this.mdevs.values()].filter((mdev) => mdev.parent === parent.name && mdev.active);
    return availableInstances(
      parent.capacity,
      active.map((mdev) => mdev.typeId),
    );
  }

  /** The active form of an mdev, in an IOMMU group of its own as the kernel gives it. */
  activated(mdev: MdevVgpu): MdevVgpu {
    return { ...mdev, active: true, iommuGroup: this.#freeIommuGroup() };
  }

  /** The running domain that has an mdev. */
  userOf(mdev: { readonly uuid: Uuid }): Domain | undefined {
    return [...this.domains.values()].find((domain) =>
      domain.active?.hostdevs.some((hostdev) => hostdev.kind === 'mdev' && hostdev.uuid === mdev.uuid),
    );
  }

  listing(): NodeDeviceListing {
    return {
      pciDevices: this.file.pciDevices.filter(({ address }) => !this.unplugged.has(address)).map(toListedPciDevice),
      parents: this.file.parents.filter(({ name }) => !this.unplugged.has(name)).map((p) => this.#toListedParent(p)),
      mdevs: [...this.mdevs.values()],
    };
  }

  /** As the kernel: the devices under a parent go with it, definitions stay. */
  unplug(name: string): void {
    if (this.file.parents.every((parent) => parent.name !== name)) throw unknownParent(name);
    this.unplugged.add(name);
    for (const [key, mdev] of this.mdevs) {
      if (mdev.parent !== name) continue;
      if (mdev.persistent) this.put({ ...mdev, active: false, iommuGroup: undefined, parentPresent: false });
      else this.mdevs.delete(key);
    }
  }

  /** The definitions find their parent again; nothing starts, as on a machine without mdevctl's udev rule. */
  plug(name: string): void {
    if (!this.unplugged.delete(name)) throw unknownParent(name);
    for (const mdev of this.mdevs.values()) {
      if (mdev.parent === name) this.put({ ...mdev, parentPresent: true });
    }
  }

  #toMdev(mdev: HostFileMdev): MdevVgpu {
    const parent = parseParentName(mdev.parent);
    const parentPresent = this.parent(parent) !== undefined;
    const stored: MdevVgpu = {
      backing: 'mdev',
      uuid: parseUuid(mdev.uuid),
      parent,
      parentPresent,
      typeId: parseMdevTypeId(mdev.type),
      active: false,
      persistent: mdev.persistent,
      autostart: mdev.autostart,
      attributes: mdev.attributes ?? [],
      iommuGroup: undefined,
    };
    return mdev.active && parentPresent ? this.activated(stored) : stored;
  }

  #toListedParent(parent: HostFileParent): ListedParent {
    const instances = this.instances(parent);
    const { capacity } = parent;
    const types =
      capacity.model === 'gvt-g'
        ? gvtgTypes(capacity).map(({ id }) => ({ id, name: undefined, deviceApi: 'vfio-pci' }))
        : capacity.types.map(({ id, name, deviceApi }) => ({ id, name, deviceApi }));
    return {
      name: parseParentName(parent.name),
      pciAddress: isPciAddress(parent.name) ? parent.name : undefined,
      types: types.map(({ id, name, deviceApi }) => ({
        typeId: parseMdevTypeId(id),
        name,
        deviceApi,
        availableInstances: instances.get(id) ?? 0,
      })),
    };
  }

  #freeIommuGroup(): number {
    const groups = [...this.file.pciDevices, ...this.mdevs.values()].map((device) => device.iommuGroup ?? -1);
    return Math.max(-1, ...groups) + 1;
  }
}

function toListedPciDevice(device: HostFilePciDevice): ListedPciDevice {
  const address: PciAddress = parsePciAddress(device.address);
  return {
    address,
    classId: Number(device.class),
    vendorId: Number(device.vendor),
    productId: Number(device.device),
    driver: device.driver,
    iommuGroup: device.iommuGroup,
    numaNode: device.numaNode === -1 ? undefined : device.numaNode,
    physicalFunction: undefined,
  };
}

function unknownParent(name: string): DeviceError {
  return new DeviceError('NotFound', `${name} is no parent that can be taken out or put back`);
}
