// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection } from './connection.js';
import { settle } from './errors.js';
import { native, type NativeNodeDevice, type NodeDeviceHandle } from './native.js';

/** A device of the host. The handle stays valid when the device is gone: calls then reject with NO_NODE_DEVICE. */
export class NodeDevice implements Disposable {
  /** libvirt's name, for example `pci_0000_00_02_0`. */
  readonly name: string;
  readonly connection: Connection;
  readonly #handle: NodeDeviceHandle;

  /** @internal Use `Connection.lookupNodeDeviceByName` and the lists. */
  constructor(connection: Connection, device: NativeNodeDevice) {
    this.connection = connection;
    this.name = device.name;
    this.#handle = device.handle;
  }

  /** Releases libvirt's object after the calls already made; later calls reject with DisposedError. */
  dispose(): void {
    native.nodeDeviceRelease(this.#handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The parent's name; null only for the root of the tree. */
  async getParent(): Promise<string | null> {
    return await settle(native.nodeDeviceGetParent(this.#handle));
  }

  async listCaps(): Promise<string[]> {
    return await settle(native.nodeDeviceListCaps(this.#handle));
  }

  /** `flags`: `NodeDeviceXmlFlags`. */
  async getXmlDesc(flags = 0): Promise<string> {
    return await settle(native.nodeDeviceGetXmlDesc(this.#handle, flags));
  }

  /** Starts a defined device. It may become active only later: wait for the event. */
  async create(flags = 0): Promise<void> {
    await settle(native.nodeDeviceCreate(this.#handle, flags));
  }

  /** Stops a device; a persistent one stays, inactive. */
  async destroy(): Promise<void> {
    await settle(native.nodeDeviceDestroy(this.#handle));
  }

  async undefine(flags = 0): Promise<void> {
    await settle(native.nodeDeviceUndefine(this.#handle, flags));
  }

  async getAutostart(): Promise<boolean> {
    return await settle(native.nodeDeviceGetAutostart(this.#handle));
  }

  async setAutostart(autostart: boolean): Promise<void> {
    await settle(native.nodeDeviceSetAutostart(this.#handle, autostart));
  }

  async isActive(): Promise<boolean> {
    return await settle(native.nodeDeviceIsActive(this.#handle));
  }

  async isPersistent(): Promise<boolean> {
    return await settle(native.nodeDeviceIsPersistent(this.#handle));
  }

  /** Changes a device; libvirt 10.1, else rejects with NO_SUPPORT. `flags`: `NodeDeviceUpdateFlags`. */
  async update(xml: string, flags = 0): Promise<void> {
    await settle(native.nodeDeviceUpdate(this.#handle, xml, flags));
  }

  /** Takes a device from its host driver; `driver` names the one to bind instead of the default. */
  async detachFlags(driver?: string, flags = 0): Promise<void> {
    await settle(native.nodeDeviceDetachFlags(this.#handle, driver ?? null, flags));
  }

  /** Gives a device back to its host driver. */
  async reAttach(): Promise<void> {
    await settle(native.nodeDeviceReAttach(this.#handle));
  }

  async reset(): Promise<void> {
    await settle(native.nodeDeviceReset(this.#handle));
  }
}
