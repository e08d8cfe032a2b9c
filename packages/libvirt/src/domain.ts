// SPDX-License-Identifier: LGPL-2.1-or-later
import { request, type CallOptions } from './call.js';
import type { Connection } from './connection.js';
import { native, type DomainHandle, type NativeDomain, type SnapshotRecord } from './native.js';
import type { DomainStream } from './stream.js';

export interface DomainStateAndReason {
  /** One of `DomainState`. */
  readonly state: number;
  /** Its meaning depends on `state`. */
  readonly reason: number;
}

export interface DomainJobInfo {
  /** One of `DomainJobType`. */
  readonly type: number;
  readonly timeElapsedMs: bigint;
  readonly timeRemainingMs: bigint;
}

export interface DomainInfo {
  /** One of `DomainState`. */
  readonly state: number;
  readonly maxMemoryKiB: bigint;
  readonly memoryKiB: bigint;
  readonly vcpus: number;
  readonly cpuTimeNs: bigint;
}

export interface ListSnapshotsOptions extends CallOptions {
  /** `DomainSnapshotListFlags` */
  readonly flags?: number;
  /** `DomainSnapshotXmlFlags` */
  readonly xmlFlags?: number;
}

export interface ScreenshotOptions extends CallOptions {
  /** Counted from 0. */
  readonly screen?: number;
}

export interface Screenshot {
  /** Of `data`, for example `image/x-portable-pixmap`; the driver chooses it. */
  readonly mimeType: string;
  readonly data: Buffer;
}

export interface OpenConsoleOptions extends CallOptions {
  /** The `<alias name>` of a console, serial or parallel port; default: the first. */
  readonly device?: string;
  /** `DomainConsoleFlags` */
  readonly flags?: number;
}

export interface OpenChannelOptions extends CallOptions {
  /** The channel's target name or alias; default: the first virtio channel. */
  readonly name?: string;
  /** `DomainChannelFlags` */
  readonly flags?: number;
}

export interface MetadataQuery extends CallOptions {
  /** One of `DomainMetadataType`. */
  readonly type: number;
  /** The XML namespace; only for `DomainMetadataType.ELEMENT`. */
  readonly uri?: string;
  /** `DomainAffectFlags`. */
  readonly flags?: number;
}

export interface MetadataChange extends MetadataQuery {
  /** null removes the metadata. */
  readonly metadata: string | null;
  /** The prefix for the XML namespace; only for `DomainMetadataType.ELEMENT`. */
  readonly key?: string;
}

/**
 * A virtual machine. The handle stays valid when the domain is gone: calls then reject with NO_DOMAIN. Calls run on the
 * connection's thread and reject as those of `Connection` do.
 */
export class Domain implements Disposable {
  readonly name: string;
  readonly uuid: string;
  readonly connection: Connection;
  readonly #handle: DomainHandle;

  /** @internal Use `Connection.lookupDomainByUuid` and the lists. */
  constructor(connection: Connection, domain: NativeDomain) {
    this.connection = connection;
    this.name = domain.name;
    this.uuid = domain.uuid;
    this.#handle = domain.handle;
  }

  /** Releases libvirt's object after the calls already made; later calls reject with DisposedError. */
  dispose(): void {
    native.domainRelease(this.#handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetState */
  async getState(options?: CallOptions): Promise<DomainStateAndReason> {
    return await request(() => native.domainGetState(this.#handle), options);
  }

  /**
   * `flags`: `DomainXmlFlags`; SECURE needs a read-write connection.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetXMLDesc
   */
  async getXmlDesc(flags = 0, options?: CallOptions): Promise<string> {
    return await request(() => native.domainGetXmlDesc(this.#handle, flags), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainIsActive */
  async isActive(options?: CallOptions): Promise<boolean> {
    return await request(() => native.domainIsActive(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainIsPersistent */
  async isPersistent(options?: CallOptions): Promise<boolean> {
    return await request(() => native.domainIsPersistent(this.#handle), options);
  }

  /**
   * Starts the domain. `flags`: `DomainCreateFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainCreateWithFlags
   */
  async create(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainCreate(this.#handle, flags), options);
  }

  /**
   * Asks the guest to shut down and does not wait for it. `flags`: `DomainShutdownFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainShutdownFlags
   */
  async shutdown(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainShutdown(this.#handle, flags), options);
  }

  /**
   * Stops the domain at once. `flags`: `DomainDestroyFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDestroyFlags
   */
  async destroy(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainDestroy(this.#handle, flags), options);
  }

  /**
   * `flags`: `DomainUndefineFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainUndefineFlags
   */
  async undefine(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainUndefine(this.#handle, flags), options);
  }

  /**
   * `flags`: `DomainDeviceModifyFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainAttachDeviceFlags
   */
  async attachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainAttachDevice(this.#handle, xml, flags), options);
  }

  /**
   * Of a running domain, only asks: the event `device-removed` or `device-removal-failed` tells the outcome.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDetachDeviceFlags
   */
  async detachDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainDetachDevice(this.#handle, xml, flags), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainUpdateDeviceFlags */
  async updateDevice(xml: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainUpdateDevice(this.#handle, xml, flags), options);
  }

  /**
   * As `detachDevice`, by the device's `<alias name>`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainDetachDeviceAlias
   */
  async detachDeviceAlias(alias: string, flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainDetachDeviceAlias(this.#handle, alias, flags), options);
  }

  /**
   * Rejects with NO_DOMAIN_METADATA when there is none.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetMetadata
   */
  async getMetadata(query: MetadataQuery): Promise<string> {
    return await request(
      () => native.domainGetMetadata(this.#handle, query.type, query.uri ?? null, query.flags ?? 0),
      query,
    );
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetMetadata */
  async setMetadata(change: MetadataChange): Promise<void> {
    const { type, metadata, key, uri, flags } = change;
    await request(
      () => native.domainSetMetadata(this.#handle, type, metadata, key ?? null, uri ?? null, flags ?? 0),
      change,
    );
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetAutostart */
  async getAutostart(options?: CallOptions): Promise<boolean> {
    return await request(() => native.domainGetAutostart(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetAutostart */
  async setAutostart(autostart: boolean, options?: CallOptions): Promise<void> {
    await request(() => native.domainSetAutostart(this.#handle, autostart), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainHasManagedSaveImage */
  async hasManagedSaveImage(options?: CallOptions): Promise<boolean> {
    return await request(() => native.domainHasManagedSaveImage(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSaveRemove */
  async managedSaveRemove(options?: CallOptions): Promise<void> {
    await request(() => native.domainManagedSaveRemove(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetJobInfo */
  async getJobInfo(options?: CallOptions): Promise<DomainJobInfo> {
    return await request(() => native.domainGetJobInfo(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotNum */
  async snapshotNum(flags = 0, options?: CallOptions): Promise<number> {
    return await request(() => native.domainSnapshotNum(this.#handle, flags), options);
  }

  /**
   * Pauses a running domain.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSuspend
   */
  async suspend(options?: CallOptions): Promise<void> {
    await request(() => native.domainSuspend(this.#handle), options);
  }

  /**
   * Lets a paused domain go on.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainResume
   */
  async resume(options?: CallOptions): Promise<void> {
    await request(() => native.domainResume(this.#handle), options);
  }

  /**
   * Asks the guest to restart and does not wait for it. `flags`: `DomainRebootFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainReboot
   */
  async reboot(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainReboot(this.#handle, flags), options);
  }

  /**
   * Presses the reset button.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainReset
   */
  async reset(options?: CallOptions): Promise<void> {
    await request(() => native.domainReset(this.#handle, 0), options);
  }

  /**
   * Stops the domain and keeps its memory on disk, from which its next start goes on. `flags`: `DomainSaveFlags`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSave
   */
  async managedSave(flags = 0, options?: CallOptions): Promise<void> {
    await request(() => native.domainManagedSave(this.#handle, flags), options);
  }

  /**
   * Ends a job in progress; rejects with OPERATION_INVALID when there is none.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainAbortJob
   */
  async abortJob(options?: CallOptions): Promise<void> {
    await request(() => native.domainAbortJob(this.#handle), options);
  }

  /** @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetInfo */
  async getInfo(options?: CallOptions): Promise<DomainInfo> {
    return await request(() => native.domainGetInfo(this.#handle), options);
  }

  /**
   * The number of a running domain; null when it does not run.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetID
   */
  async getId(options?: CallOptions): Promise<number | null> {
    return await request(() => native.domainGetId(this.#handle), options);
  }

  /**
   * For example `hvm`.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetOSType
   */
  async getOsType(options?: CallOptions): Promise<string> {
    return await request(() => native.domainGetOsType(this.#handle), options);
  }

  /**
   * Whether the stored configuration of a running domain was changed.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainIsUpdated
   */
  async isUpdated(options?: CallOptions): Promise<boolean> {
    return await request(() => native.domainIsUpdated(this.#handle), options);
  }

  /**
   * Lists snapshots and reads each in one hop to the connection's thread.
   * @see https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainListAllSnapshots
   */
  async listSnapshots(options: ListSnapshotsOptions = {}): Promise<SnapshotRecord[]> {
    return await request(
      () => native.domainListSnapshots(this.#handle, options.flags ?? 0, options.xmlFlags ?? 0),
      options,
    );
  }

  /**
   * A picture of a running domain's screen.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainScreenshot
   */
  async screenshot(options: ScreenshotOptions = {}): Promise<Screenshot> {
    return await request(() => native.domainScreenshot(this.#handle, options.screen ?? 0), options);
  }

  /**
   * Connects to a running domain's terminal. The signal ends the connecting, not the stream.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenConsole
   */
  async openConsole(options: OpenConsoleOptions = {}): Promise<DomainStream> {
    const { device = null, flags = 0 } = options;
    return await this.connection.openStream((token) =>
      request(() => native.domainOpenConsole(this.#handle, device, flags, token), options),
    );
  }

  /**
   * Connects to a running domain's virtio channel. The signal ends the connecting, not the stream.
   * @see https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenChannel
   */
  async openChannel(options: OpenChannelOptions = {}): Promise<DomainStream> {
    const { name = null, flags = 0 } = options;
    return await this.connection.openStream((token) =>
      request(() => native.domainOpenChannel(this.#handle, name, flags, token), options),
    );
  }
}
