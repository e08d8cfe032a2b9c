// SPDX-License-Identifier: LGPL-2.1-or-later
import { ConnectionCloseReason, DomainXmlFlags } from './constants.js';
import { Domain } from './domain.js';
import { settle } from './errors.js';
import {
  addListener,
  callUser,
  domainEventIds,
  nodeDeviceEventIds,
  removeListener,
  type DomainEvents,
  type NodeDeviceLifecycleEvent,
  type NodeDeviceUpdateEvent,
  type Subscription,
} from './events.js';
import { native, type ConnectionHandle, type DomainRecord, type NativeEvent, type NodeDeviceRecord } from './native.js';
import { NodeDevice } from './node-device.js';
import { Subscriptions } from './subscriptions.js';

/** How a connection ended although nobody closed it. */
export type CloseReason = 'error' | 'end-of-file' | 'keep-alive' | 'client';

export interface ListNodeDevicesOptions {
  /** `NodeDeviceListFlags` */
  readonly flags?: number;
  /** `NodeDeviceXmlFlags` */
  readonly xmlFlags?: number;
}

export interface ListDomainsOptions {
  /** `DomainListFlags` */
  readonly flags?: number;
  /** `DomainXmlFlags` for `xml` */
  readonly xmlFlags?: number;
  /** Includes passwords in `inactiveXml`; refused on a read-only connection. */
  readonly secure?: boolean;
}

export interface DomainCapabilitiesQuery {
  readonly emulator?: string;
  readonly arch?: string;
  readonly machine?: string;
  readonly virtType?: string;
  readonly flags?: number;
}

/**
 * A connection to a libvirt daemon, with a native thread of its own that makes its calls one after the other.
 * Calls that take seconds delay those behind them: give long changes a second connection.
 */
export class Connection implements AsyncDisposable {
  /** The URI given to `open`. */
  readonly uri: string;
  readonly readOnly: boolean;
  readonly #handle: ConnectionHandle;
  readonly #closeListeners = new Set<(reason: CloseReason) => void>();
  readonly #subscriptions: Subscriptions;
  readonly #token: number;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #keepsProcess = true;
  #closing: Promise<void> | undefined;

  private constructor(uri: string, readOnly: boolean, handle: ConnectionHandle, token: number) {
    this.uri = uri;
    this.readOnly = readOnly;
    this.#handle = handle;
    this.#token = token;
    this.#subscriptions = new Subscriptions(handle, () => this.#updateHold());
  }

  /** @internal Use `open`. */
  static async open(uri: string, readOnly: boolean, interval: number, count: number): Promise<Connection> {
    let connection: WeakRef<Connection> | undefined;
    let early: NativeEvent | undefined;
    // A weak reference, so that a forgotten connection can be collected and closed.
    const token = addListener((event) => {
      if (connection === undefined) early = event;
      const opened = connection?.deref();
      if (opened !== undefined) opened.#lost(event);
    });
    try {
      const opened = new Connection(
        uri,
        readOnly,
        await settle(native.connectionOpen(uri, readOnly, interval, count, token)),
        token,
      );
      connection = new WeakRef(opened);
      forgotten.register(opened, token);
      if (early !== undefined) opened.#lost(early);
      return opened;
    } catch (error) {
      removeListener(token);
      throw error;
    }
  }

  /** `lost`: the daemon went away or stopped answering; every call rejects and only `close` is left to do. */
  get state(): 'open' | 'lost' | 'closed' {
    return this.#state;
  }

  /** Lets subscriptions keep the process alive: the default. Calls in flight always do. */
  ref(): this {
    this.#keepsProcess = true;
    this.#updateHold();
    return this;
  }

  /** Lets the process end although there are subscriptions. */
  unref(): this {
    this.#keepsProcess = false;
    this.#updateHold();
    return this;
  }

  /** Releases every device, domain and subscription of this connection, then closes it, after the calls already made. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls back once when the connection is lost, not after `close`. Returns a function that takes the listener away. */
  onClose(callback: (reason: CloseReason) => void): () => void {
    if (typeof callback !== 'function') throw new TypeError('callback must be a function');
    const listener = (reason: CloseReason): void => callback(reason);
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  async getUri(): Promise<string> {
    return await settle(native.connectionGetUri(this.#handle));
  }

  /** The daemon's libvirt: major * 1,000,000 + minor * 1,000 + release. */
  async getLibVersion(): Promise<bigint> {
    return await settle(native.connectionGetLibVersion(this.#handle));
  }

  /** The hypervisor's version, in the form of `getLibVersion`. */
  async getVersion(): Promise<bigint> {
    return await settle(native.connectionGetVersion(this.#handle));
  }

  async getHostname(): Promise<string> {
    return await settle(native.connectionGetHostname(this.#handle));
  }

  async getCapabilities(): Promise<string> {
    return await settle(native.connectionGetCapabilities(this.#handle));
  }

  async getDomainCapabilities(query: DomainCapabilitiesQuery = {}): Promise<string> {
    const { emulator, arch, machine, virtType, flags } = query;
    return await settle(
      native.connectionGetDomainCapabilities(
        this.#handle,
        emulator ?? null,
        arch ?? null,
        machine ?? null,
        virtType ?? null,
        flags ?? 0,
      ),
    );
  }

  /** What libvirt knows without asking the daemon; a dead peer shows only after the keep-alive time. */
  async isAlive(): Promise<boolean> {
    return await settle(native.connectionIsAlive(this.#handle));
  }

  /** `flags`: `NodeDeviceListFlags`. */
  async listAllNodeDevices(flags = 0): Promise<NodeDevice[]> {
    return (await settle(native.listAllNodeDevices(this.#handle, flags))).map((device) => new NodeDevice(this, device));
  }

  /**
   * Lists node devices and reads each in one hop to the connection's thread. A device that disappears meanwhile is left
   * out. Where libvirt cannot tell (before 7.8, and in some drivers) a device counts as active, transient, not autostarted.
   */
  async listNodeDevicesWithXml(options: ListNodeDevicesOptions = {}): Promise<NodeDeviceRecord[]> {
    return await settle(native.listNodeDevicesWithXml(this.#handle, options.flags ?? 0, options.xmlFlags ?? 0));
  }

  async lookupNodeDeviceByName(name: string): Promise<NodeDevice> {
    return new NodeDevice(this, await settle(native.lookupNodeDeviceByName(this.#handle, name)));
  }

  /** Stores a device's definition. The object may be provisional: look it up again. `flags`: `NodeDeviceDefineXmlFlags`. */
  async defineNodeDeviceXml(xml: string, flags = 0): Promise<NodeDevice> {
    return new NodeDevice(this, await settle(native.defineNodeDeviceXml(this.#handle, xml, flags)));
  }

  /** Creates and starts a transient device. `flags`: `NodeDeviceCreateXmlFlags`. */
  async createNodeDeviceXml(xml: string, flags = 0): Promise<NodeDevice> {
    return new NodeDevice(this, await settle(native.createNodeDeviceXml(this.#handle, xml, flags)));
  }

  /** `flags`: `DomainListFlags`. */
  async listAllDomains(flags = 0): Promise<Domain[]> {
    return (await settle(native.listAllDomains(this.#handle, flags))).map((domain) => new Domain(this, domain));
  }

  /** Lists domains and reads each in one hop to the connection's thread. A domain that disappears meanwhile is left out. */
  async listDomainsWithXml(options: ListDomainsOptions = {}): Promise<DomainRecord[]> {
    const inactive = DomainXmlFlags.INACTIVE | (options.secure === true ? DomainXmlFlags.SECURE : 0);
    return await settle(native.listDomainsWithXml(this.#handle, options.flags ?? 0, options.xmlFlags ?? 0, inactive));
  }

  async lookupDomainByName(name: string): Promise<Domain> {
    return new Domain(this, await settle(native.lookupDomainByName(this.#handle, name)));
  }

  async lookupDomainByUuid(uuid: string): Promise<Domain> {
    return new Domain(this, await settle(native.lookupDomainByUuid(this.#handle, uuid)));
  }

  /** Stores a whole domain; `flags`: `DomainDefineFlags`. */
  async defineDomainXml(xml: string, flags = 0): Promise<Domain> {
    return new Domain(this, await settle(native.defineDomainXml(this.#handle, xml, flags)));
  }

  /** The hypervisor's own form of a domain's XML, for example the format `qemu-argv`. */
  async domainXmlToNative(format: string, xml: string): Promise<string> {
    return await settle(native.connectionDomainXmlToNative(this.#handle, format, xml));
  }

  /** A node device was created, deleted, defined or undefined. */
  onNodeDeviceLifecycle(callback: (event: NodeDeviceLifecycleEvent) => void): Promise<Subscription> {
    return this.#subscriptions.add('NodeDevice', nodeDeviceEventIds.lifecycle, callback);
  }

  /** A node device's XML changed. */
  onNodeDeviceUpdate(callback: (event: NodeDeviceUpdateEvent) => void): Promise<Subscription> {
    return this.#subscriptions.add('NodeDevice', nodeDeviceEventIds.update, callback);
  }

  async onDomainEvent<Name extends keyof DomainEvents>(
    name: Name,
    callback: (event: DomainEvents[Name]) => void,
  ): Promise<Subscription> {
    if (!Object.hasOwn(domainEventIds, name))
      throw new TypeError(`name must be one of ${Object.keys(domainEventIds).join(', ')}`);
    return await this.#subscriptions.add('Domain', domainEventIds[name], callback);
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#closeListeners.clear();
    this.#forgetAll();
    await settle(native.connectionClose(this.#handle));
  }

  #lost(event: NativeEvent): void {
    if (event.kind !== 'close' || this.#state !== 'open') return;
    this.#state = 'lost';
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    this.#forgetAll();
    for (const listener of listeners) callUser(listener, closeReason(event.reason));
  }

  #forgetAll(): void {
    this.#subscriptions.end();
    removeListener(this.#token);
    this.#updateHold();
  }

  #updateHold(): void {
    native.connectionHold(this.#handle, this.#keepsProcess && this.#state === 'open' && !this.#subscriptions.isEmpty);
  }
}

/** A collected connection's listener would stay for ever. */
const forgotten = new FinalizationRegistry<number>(removeListener);

function closeReason(reason: number): CloseReason {
  switch (reason) {
    case ConnectionCloseReason.EOF:
      return 'end-of-file';
    case ConnectionCloseReason.KEEPALIVE:
      return 'keep-alive';
    case ConnectionCloseReason.CLIENT:
      return 'client';
    default:
      // libvirt's own name for everything else, also for a reason that it may add.
      return 'error';
  }
}
