// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import { formatVgpuKey, type MdevVgpu } from '../../model/vgpu.js';
import type { MdevDefinition, MdevId, NodeDeviceListing, NodeDevicePort } from '../../ports.js';
import {
  refuseWhileInUse,
  requireInstance,
  requireListedMdev,
  requireParent,
  requirePersistent,
  requireReadable,
  requireType,
  requireUniqueUuid,
} from '../../rules/mdev-checks.js';
import type { CallGate } from './call-gate.js';
import type { HostState } from './host-state.js';
import { keepEqual, LastListing } from './last-listing.js';

/** Node devices with libvirt's semantics, settled at once. */
export class InMemoryNodeDevices implements NodeDevicePort {
  readonly #state: HostState;
  readonly #gate: CallGate;
  readonly #changed: () => void;
  readonly #last: LastListing<NodeDeviceListing>;

  constructor(state: HostState, gate: CallGate, changed: () => void) {
    this.#state = state;
    this.#gate = gate;
    this.#changed = changed;
    this.#last = new LastListing(
      () => state.listing(),
      (before, after) => ({
        pciDevices: keepEqual(before.pciDevices, after.pciDevices),
        parents: keepEqual(before.parents, after.parents),
        mdevs: keepEqual(before.mdevs, after.mdevs),
      }),
    );
  }

  list(): Promise<NodeDeviceListing> {
    return this.#gate.pass('nodeDevices.list', () => this.#last.all());
  }

  listChanged(): Promise<NodeDeviceListing> {
    return this.#gate.pass('nodeDevices.list', () => this.#last.changed());
  }

  /** Somebody is told of a change. */
  forgetListing(): void {
    this.#last.forget();
  }

  define(definition: MdevDefinition): Promise<void> {
    return this.#gate.pass('nodeDevices.define', () => {
      const { parents } = this.#state.listing();
      requireType(requireParent(parents, definition.parent), definition.typeId);
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
      const mdev = this.#requireChangeable(id);
      if (mdev.active) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is active already`);
      if (!mdev.parentPresent) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} has no parent ${mdev.parent}`);
      const { parents, mdevs } = this.#state.listing();
      const parent = requireParent(parents, mdev.parent);
      requireInstance(parent, requireType(parent, mdev.typeId), mdevs);
      this.#state.put(this.#state.activated(mdev));
      this.#changed();
    });
  }

  stop(id: MdevId): Promise<void> {
    return this.#gate.pass('nodeDevices.stop', () => {
      const mdev = requireListedMdev(this.#state.mdevs.values(), id);
      if (!mdev.active) throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is not active`);
      refuseWhileInUse([...this.#state.domains.values()], mdev);
      if (mdev.persistent) this.#state.put({ ...mdev, active: false, iommuGroup: undefined });
      else this.#state.mdevs.delete(formatVgpuKey(mdev));
      this.#changed();
    });
  }

  undefine(id: MdevId): Promise<void> {
    return this.#gate.pass('nodeDevices.undefine', () => {
      const mdev = this.#requireChangeable(id);
      requirePersistent(mdev);
      if (mdev.active) this.#state.put({ ...mdev, persistent: false, autostart: false });
      else this.#state.mdevs.delete(formatVgpuKey(mdev));
      this.#changed();
    });
  }

  setAutostart(id: MdevId, autostart: boolean): Promise<void> {
    return this.#gate.pass('nodeDevices.setAutostart', () => {
      const mdev = this.#requireChangeable(id);
      requirePersistent(mdev);
      this.#state.put({ ...mdev, autostart });
      this.#changed();
    });
  }

  /** @returns the mdev, when it may be changed by its UUID */
  #requireChangeable(id: MdevId): MdevVgpu {
    const mdev = requireListedMdev(this.#state.mdevs.values(), id);
    requireUniqueUuid(this.#state.mdevs.values(), id.uuid);
    requireReadable(mdev);
    return mdev;
  }
}
