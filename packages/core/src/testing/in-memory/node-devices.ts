// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import { formatVgpuKey, type MdevVgpu } from '../../model/vgpu.js';
import type { MdevDefinition, MdevId, NodeDeviceListing, NodeDevicePort } from '../../ports.js';
import type { HostFileParent } from '../host-file.js';
import type { CallGate } from './call-gate.js';
import type { HostState } from './host-state.js';

/** Node devices with libvirt's semantics, settled at once. */
export class InMemoryNodeDevices implements NodeDevicePort {
  readonly #state: HostState;
  readonly #gate: CallGate;
  readonly #changed: () => void;

  constructor(state: HostState, gate: CallGate, changed: () => void) {
    this.#state = state;
    this.#gate = gate;
    this.#changed = changed;
  }

  list(): Promise<NodeDeviceListing> {
    return this.#gate.pass('nodeDevices.list', () => this.#state.listing());
  }

  define(definition: MdevDefinition): Promise<void> {
    return this.#gate.pass('nodeDevices.define', () => {
      const parent = this.#requireParent(definition);
      this.#requireType(parent, definition.typeId);
      const known = this.#state.mdevs.get(formatVgpuKey(definition));
      const elsewhere = this.#state.withUuid(definition.uuid).some((mdev) => mdev !== known);
      if (known?.persistent === true || elsewhere) {
        throw new DeviceError('AlreadyExists', `vGPU ${definition.uuid} has a definition already`);
      }
      if (known !== undefined && known.typeId !== definition.typeId) {
        throw new DeviceError('InvalidState', `vGPU ${definition.uuid} is active as ${known.typeId}`);
      }
      const stored: MdevVgpu = {
        backing: 'mdev',
        uuid: definition.uuid,
        parent: definition.parent,
        parentPresent: true,
        typeId: definition.typeId,
        active: known?.active ?? false,
        persistent: true,
        autostart: false,
        attributes: definition.attributes,
        iommuGroup: known?.iommuGroup,
      };
      this.#state.put(stored);
      this.#changed();
    });
  }

  start(id: MdevId): Promise<void> {
    return this.#gate.pass('nodeDevices.start', () => {
      const mdev = this.#requireMdev(id);
      this.#requireUnique(mdev);
      if (mdev.active) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is active already`);
      if (!mdev.parentPresent) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} has no parent ${mdev.parent}`);
      const parent = this.#requireParent(mdev);
      if (this.#requireType(parent, mdev.typeId) === 0) {
        throw new DeviceError('NoAvailableInstances', `${parent.name} has no available instances of ${mdev.typeId}`);
      }
      this.#state.put(this.#state.activated(mdev));
      this.#changed();
    });
  }

  stop(id: MdevId): Promise<void> {
    return this.#gate.pass('nodeDevices.stop', () => {
      const mdev = this.#requireMdev(id);
      if (!mdev.active) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is not active`);
      const user = this.#state.userOf(mdev);
      if (user !== undefined) throw new DeviceError('DeviceBusy', `vGPU ${mdev.uuid} is in use by ${user.name}`);
      if (mdev.persistent) this.#state.put({ ...mdev, active: false, iommuGroup: undefined });
      else this.#state.mdevs.delete(formatVgpuKey(mdev));
      this.#changed();
    });
  }

  undefine(id: MdevId): Promise<void> {
    return this.#gate.pass('nodeDevices.undefine', () => {
      const mdev = this.#requireMdev(id);
      this.#requireUnique(mdev);
      this.#requirePersistent(mdev);
      if (mdev.active) this.#state.put({ ...mdev, persistent: false, autostart: false });
      else this.#state.mdevs.delete(formatVgpuKey(mdev));
      this.#changed();
    });
  }

  setAutostart(id: MdevId, autostart: boolean): Promise<void> {
    return this.#gate.pass('nodeDevices.setAutostart', () => {
      const mdev = this.#requireMdev(id);
      this.#requireUnique(mdev);
      this.#requirePersistent(mdev);
      this.#state.put({ ...mdev, autostart });
      this.#changed();
    });
  }

  #requireMdev(id: MdevId): MdevVgpu {
    const mdev = this.#state.mdevs.get(formatVgpuKey(id));
    if (mdev !== undefined) return mdev;
    throw new DeviceError('NotFound', `vGPU ${id.uuid} does not exist under ${id.parent}`);
  }

  #requireUnique(mdev: MdevVgpu): void {
    const parents = this.#state.withUuid(mdev.uuid).map(({ parent }) => parent);
    if (parents.length === 1) return;
    throw new DeviceError('Ambiguous', `vGPU ${mdev.uuid} is defined under ${parents.join(', ')}`, {
      details: { parents },
    });
  }

  #requirePersistent(mdev: MdevVgpu): void {
    if (!mdev.persistent) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} has no definition`);
  }

  #requireParent(id: MdevId): HostFileParent {
    const parent = this.#state.parent(id.parent);
    if (parent !== undefined) return parent;
    throw new DeviceError('NotFound', `${id.parent} is no device that can make vGPUs`);
  }

  /** @returns how many more of it can be made */
  #requireType(parent: HostFileParent, typeId: string): number {
    const available = this.#state.instances(parent).get(typeId);
    if (available !== undefined) return available;
    throw new DeviceError('NotFound', `${parent.name} has no type ${typeId}`);
  }
}
