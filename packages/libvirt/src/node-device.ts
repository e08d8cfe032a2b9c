// SPDX-License-Identifier: LGPL-2.1-or-later
import { request, type CallOptions } from './call.js';
import type { Connection } from './connection.js';
import { native, type NativeNodeDevice, type NodeDeviceHandle } from './native.js';

/**
 * A device of the host. The handle stays valid when the device is gone: calls then reject with NO_NODE_DEVICE. Calls run
 * on the connection's thread and reject as those of `Connection` do; what mdevctl said is INTERNAL_ERROR of the domain
 * NODEDEV.
 */
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

  /**
   * The parent's name; null only for the root of the tree.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetParent
   */
  async getParent(options?: CallOptions): Promise<string | null> {
    return await request(() => native.nodeDeviceGetParent(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceListCaps */
  async listCaps(options?: CallOptions): Promise<string[]> {
    return await request(() => native.nodeDeviceListCaps(this.#handle), options);
  }

  /**
   * `flags`: `NodeDeviceXmlFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetXMLDesc
   */
  async getXmlDesc(flags = 0, options?: CallOptions): Promise<string> {
    return await request(() => native.nodeDeviceGetXmlDesc(this.#handle, flags), options);
  }

  /**
   * Starts a defined device. It may become active only later: wait for the event.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceCreate
   */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceCreate(this.#handle, flags), options);
  }

  /**
   * Stops a device; a persistent one stays, inactive.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceDestroy
   */
  async destroy(options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceDestroy(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceUndefine */
  async undefine(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceUndefine(this.#handle, flags), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetAutostart */
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return await request(() => native.nodeDeviceGetAutostart(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceSetAutostart */
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceSetAutostart(this.#handle, autostart), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceIsActive */
  async isActive(options?: CallOptions): Promise<boolean> {
    return await request(() => native.nodeDeviceIsActive(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceIsPersistent */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return await request(() => native.nodeDeviceIsPersistent(this.#handle), options);
  }

  /**
   * Changes a device; libvirt 10.1, else rejects with NO_SUPPORT. `flags`: `NodeDeviceUpdateFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceUpdate
   */
  async update(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceUpdate(this.#handle, xml, flags), options);
  }

  /**
   * Takes a device from its host driver; `driver` names the one to bind instead of the default.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceDetachFlags
   */
  async detachFlags(driver?: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceDetachFlags(this.#handle, driver ?? null, flags), options);
  }

  /**
   * Gives a device back to its host driver.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceReAttach
   */
  async reAttach(options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceReAttach(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceReset */
  async reset(options?: CallOptions): Promise<void> {
    await request(() => native.nodeDeviceReset(this.#handle), options);
  }
}
