// SPDX-License-Identifier: LGPL-2.1-or-later
import { request, type CallOptions } from './call.js';
import { ConnectionLife, type CloseOptions, type CloseReason } from './connection-life.js';
import { DomainXmlFlags } from './constants.js';
import { Domain } from './domain.js';
import {
  domainEventIds,
  nodeDeviceEventIds,
  type DomainEvents,
  type NodeDeviceLifecycleEvent,
  type NodeDeviceUpdateEvent,
  type Subscription,
} from './events.js';
import { native, type ConnectionHandle, type StreamHandle } from './native.js';
import { NodeDevice } from './node-device.js';
import {
  toDomainRecord,
  toFieldBits,
  type DomainRecord,
  type ListDomainsOptions,
  type ListNodeDevicesOptions,
  type NodeDeviceField,
  type NodeDeviceRecordOf,
  type ReadNodeDevicesOptions,
} from './records.js';
import type { DomainStream } from './stream.js';

export interface DomainCapabilitiesQuery extends CallOptions {
  readonly emulator?: string;
  readonly arch?: string;
  readonly machine?: string;
  readonly virtType?: string;
  readonly flags?: number;
}

/**
 * A connection to a libvirt daemon, with a native thread of its own that makes its calls one after the other.
 * Calls that take seconds delay those behind them: give long changes a second connection.
 *
 * Every method that returns a promise takes `CallOptions` last, and rejects with LibvirtError when libvirt refuses or the
 * connection is lost, DisposedError after `close`, and TypeError for an argument of the wrong type.
 */
export class Connection implements AsyncDisposable {
  /** The URI given to `open`. */
  readonly uri: string;
  readonly readOnly: boolean;
  readonly #life: ConnectionLife;
  readonly #handle: ConnectionHandle;

  private constructor(uri: string, readOnly: boolean, life: ConnectionLife) {
    this.uri = uri;
    this.readOnly = readOnly;
    this.#life = life;
    this.#handle = life.handle;
  }

  /** @internal Use `open`. */
  static async open(
    uri: string,
    readOnly: boolean,
    interval: number,
    count: number,
    options: CallOptions,
  ): Promise<Connection> {
    const start = (token: number): Promise<ConnectionHandle> =>
      request(() => native.connectionOpen(uri, readOnly, interval, count, token), options);
    return new Connection(uri, readOnly, await ConnectionLife.begin(start));
  }

  /** `lost`: the daemon went away or stopped answering; every call rejects and only `close` is left to do. */
  get state(): 'open' | 'lost' | 'closed' {
    return this.#life.state;
  }

  /** Lets subscriptions and streams keep the process alive: the default. Calls in flight always do. */
  ref(): this {
    this.#life.keepProcess(true);
    return this;
  }

  /** Lets the process end although there are subscriptions and streams. */
  unref(): this {
    this.#life.keepProcess(false);
    return this;
  }

  /**
   * Releases every device, domain, stream and subscription of this connection, then closes it, after the calls already
   * made; a daemon that does not answer delays it only for `timeoutMs`. The signal ends the waiting, not the closing.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectClose
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#life.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls back once when the connection is lost, not after `close`. Returns a function that takes the listener away. */
  onClose(callback: (reason: CloseReason) => void): () => void {
    return this.#life.onClose(callback);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetURI */
  async getUri(options?: CallOptions): Promise<string> {
    return await request(() => native.connectionGetUri(this.#handle), options);
  }

  /**
   * The daemon's libvirt: major * 1,000,000 + minor * 1,000 + release.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetLibVersion
   */
  async getLibVersion(options?: CallOptions): Promise<bigint> {
    return await request(() => native.connectionGetLibVersion(this.#handle), options);
  }

  /**
   * The hypervisor's version, in the form of `getLibVersion`.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetVersion
   */
  async getVersion(options?: CallOptions): Promise<bigint> {
    return await request(() => native.connectionGetVersion(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetHostname */
  async getHostname(options?: CallOptions): Promise<string> {
    return await request(() => native.connectionGetHostname(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetCapabilities */
  async getCapabilities(options?: CallOptions): Promise<string> {
    return await request(() => native.connectionGetCapabilities(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectGetDomainCapabilities */
  async getDomainCapabilities(query: DomainCapabilitiesQuery = {}): Promise<string> {
    const { emulator, arch, machine, virtType, flags } = query;
    return await request(
      () =>
        native.connectionGetDomainCapabilities(
          this.#handle,
          emulator ?? null,
          arch ?? null,
          machine ?? null,
          virtType ?? null,
          flags ?? 0,
        ),
      query,
    );
  }

  /**
   * What libvirt knows without asking the daemon; a dead peer shows only after the keep-alive time.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectIsAlive
   */
  async isAlive(options?: CallOptions): Promise<boolean> {
    return await request(() => native.connectionIsAlive(this.#handle), options);
  }

  /**
   * The driver, for example `QEMU`.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetType
   */
  async getType(options?: CallOptions): Promise<string> {
    return await request(() => native.connectionGetType(this.#handle), options);
  }

  /**
   * Whether nobody else can read the connection: it is encrypted or stays on this host.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectIsSecure
   */
  async isSecure(options?: CallOptions): Promise<boolean> {
    return await request(() => native.connectionIsSecure(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectIsEncrypted */
  async isEncrypted(options?: CallOptions): Promise<boolean> {
    return await request(() => native.connectionIsEncrypted(this.#handle), options);
  }

  /**
   * The host's SMBIOS tables as XML.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetSysinfo
   */
  async getSysinfo(options?: CallOptions): Promise<string> {
    return await request(() => native.connectionGetSysinfo(this.#handle), options);
  }

  /**
   * The most processors that a domain may have; `type` is that of `<domain type>`.
   * @see https://libvirt.org/html/libvirt-libvirt-host.html#virConnectGetMaxVcpus
   */
  async getMaxVcpus(type?: string, options?: CallOptions): Promise<number> {
    return await request(() => native.connectionGetMaxVcpus(this.#handle, type ?? null), options);
  }

  /** How many devices, domains and streams of this connection were neither disposed nor collected: to find leaks. */
  async countHandles(options?: CallOptions): Promise<number> {
    return await request(() => native.connectionCountHandles(this.#handle), options);
  }

  /**
   * `flags`: `NodeDeviceListFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectListAllNodeDevices
   */
  async listAllNodeDevices(flags = 0, options?: CallOptions): Promise<NodeDevice[]> {
    return (await request(() => native.listAllNodeDevices(this.#handle, flags), options)).map(
      (device) => new NodeDevice(this, device),
    );
  }

  /**
   * The names alone: one call to the daemon, and nothing to dispose. `flags`: `NodeDeviceListFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectListAllNodeDevices
   */
  async listNodeDeviceNames(flags = 0, options?: CallOptions): Promise<string[]> {
    return await request(() => native.listNodeDeviceNames(this.#handle, flags), options);
  }

  /**
   * Lists node devices and reads each in one hop to the connection's thread. A device that disappears meanwhile is left
   * out. `fields` chooses what is read besides name and XML: with `[]` one call to the daemon for each device and one for
   * the list.
   *
   * `active` comes from two more lists, of the inactive and then of the active devices, and says in which of them the
   * device was; one that was in neither, gone for a moment, is asked itself. So it was true when libvirt said it, a moment
   * before the XML was read, and can differ from what the XML shows of a device that changed in between: its event follows.
   * Where libvirt does not list by state, each device is asked.
   *
   * Where libvirt cannot tell (before 7.8, and in some drivers) a device counts as active, transient, not autostarted;
   * libvirt tells nobody on a read-only connection whether one is autostarted.
   *
   * A call that is given up ends before the next device is read.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectListAllNodeDevices
   */
  async listNodeDevicesWithXml<const Field extends NodeDeviceField = NodeDeviceField>(
    options: ListNodeDevicesOptions<Field> = {},
  ): Promise<NodeDeviceRecordOf<Field>[]> {
    const { flags = 0, xmlFlags = 0, fields } = options;
    const bits = toFieldBits(fields);
    return await request(() => native.listNodeDevicesWithXml(this.#handle, flags, xmlFlags, bits), options);
  }

  /**
   * Reads the devices of these names, in their order, in one hop to the connection's thread, as `listNodeDevicesWithXml`
   * does: so a long list can be spread over several connections. Those that do not exist are left out. Costs one list more,
   * of all devices; up to two names are looked up instead.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceGetXMLDesc
   */
  async readNodeDevices<const Field extends NodeDeviceField = NodeDeviceField>(
    names: readonly string[],
    options: ReadNodeDevicesOptions<Field> = {},
  ): Promise<NodeDeviceRecordOf<Field>[]> {
    const { xmlFlags = 0, fields } = options;
    const bits = toFieldBits(fields);
    return await request(() => native.readNodeDevices(this.#handle, names, xmlFlags, bits), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceLookupByName */
  async lookupNodeDeviceByName(name: string, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this, await request(() => native.lookupNodeDeviceByName(this.#handle, name), options));
  }

  /**
   * Stores a device's definition. The object may be provisional: look it up again. `flags`: `NodeDeviceDefineXmlFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceDefineXML
   */
  async defineNodeDeviceXml(xml: string, flags = 0, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this, await request(() => native.defineNodeDeviceXml(this.#handle, xml, flags), options));
  }

  /**
   * Creates and starts a transient device. `flags`: `NodeDeviceCreateXmlFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virNodeDeviceCreateXML
   */
  async createNodeDeviceXml(xml: string, flags = 0, options?: CallOptions): Promise<NodeDevice> {
    return new NodeDevice(this, await request(() => native.createNodeDeviceXml(this.#handle, xml, flags), options));
  }

  /**
   * `flags`: `DomainListFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectListAllDomains
   */
  async listAllDomains(flags = 0, options?: CallOptions): Promise<Domain[]> {
    return (await request(() => native.listAllDomains(this.#handle, flags), options)).map(
      (domain) => new Domain(this, domain),
    );
  }

  /**
   * Lists domains and reads each in one hop to the connection's thread. A domain that disappears meanwhile is left out.
   * Where libvirt refuses a document of one domain that it still has, the record has null instead and the `error`. What
   * nobody would get rejects: a lost connection, `secure` on a read-only connection, flags that libvirt does not know.
   * A call that is given up ends before the next domain is read.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectListAllDomains
   */
  async listDomainsWithXml(options: ListDomainsOptions = {}): Promise<DomainRecord[]> {
    const { flags = 0, xmlFlags = 0, secure = false } = options;
    const inactive = DomainXmlFlags.INACTIVE | (secure === true ? DomainXmlFlags.SECURE : 0);
    const start = () => native.listDomainsWithXml(this.#handle, flags, xmlFlags, inactive);
    return (await request(start, options)).map(toDomainRecord);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByName */
  async lookupDomainByName(name: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this, await request(() => native.lookupDomainByName(this.#handle, name), options));
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByUUIDString */
  async lookupDomainByUuid(uuid: string, options?: CallOptions): Promise<Domain> {
    return new Domain(this, await request(() => native.lookupDomainByUuid(this.#handle, uuid), options));
  }

  /**
   * Only an active domain has an ID; rejects with NO_DOMAIN.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainLookupByID
   */
  async lookupDomainById(id: number, options?: CallOptions): Promise<Domain> {
    return new Domain(this, await request(() => native.lookupDomainById(this.#handle, id), options));
  }

  /**
   * Creates and starts a transient domain. `flags`: `DomainCreateFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainCreateXML
   */
  async createDomainXml(xml: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this, await request(() => native.createDomainXml(this.#handle, xml, flags), options));
  }

  /**
   * Stores a whole domain; `flags`: `DomainDefineFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDefineXMLFlags
   */
  async defineDomainXml(xml: string, flags = 0, options?: CallOptions): Promise<Domain> {
    return new Domain(this, await request(() => native.defineDomainXml(this.#handle, xml, flags), options));
  }

  /**
   * The hypervisor's own form of a domain's XML, for example the format `qemu-argv`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainXMLToNative
   */
  async domainXmlToNative(format: string, xml: string, options?: CallOptions): Promise<string> {
    return await request(() => native.connectionDomainXmlToNative(this.#handle, format, xml), options);
  }

  /**
   * The XML of a domain in the hypervisor's own form; few drivers can.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainXMLFromNative
   */
  async domainXmlFromNative(format: string, config: string, options?: CallOptions): Promise<string> {
    return await request(() => native.connectionDomainXmlFromNative(this.#handle, format, config), options);
  }

  /**
   * A node device was created, deleted, defined or undefined. The signal also ends the subscription, now or later.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectNodeDeviceEventRegisterAny
   */
  async onNodeDeviceLifecycle(
    callback: (event: NodeDeviceLifecycleEvent) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    return await this.#life.subscriptions.add('NodeDevice', nodeDeviceEventIds.lifecycle, callback, options);
  }

  /**
   * A node device's XML changed. The signal also ends the subscription, now or later.
   * @see https://libvirt.org/html/libvirt-libvirt-nodedev.html#virConnectNodeDeviceEventRegisterAny
   */
  async onNodeDeviceUpdate(
    callback: (event: NodeDeviceUpdateEvent) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    return await this.#life.subscriptions.add('NodeDevice', nodeDeviceEventIds.update, callback, options);
  }

  /**
   * Something happened to a domain. The signal also ends the subscription, now or later.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virConnectDomainEventRegisterAny
   */
  async onDomainEvent<Name extends keyof DomainEvents>(
    name: Name,
    callback: (event: DomainEvents[Name]) => void,
    options?: CallOptions,
  ): Promise<Subscription> {
    if (!Object.hasOwn(domainEventIds, name))
      throw new TypeError(`name must be one of ${Object.keys(domainEventIds).join(', ')}`);
    return await this.#life.subscriptions.add('Domain', domainEventIds[name], callback, options);
  }

  /** @internal Streams keep the process alive and end with their connection. */
  async openStream(start: (token: number) => Promise<StreamHandle>): Promise<DomainStream> {
    return await this.#life.openStream(start);
  }
}
