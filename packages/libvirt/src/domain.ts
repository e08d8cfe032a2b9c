// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection } from './connection.js';
import { settle } from './errors.js';
import { native, type DomainHandle, type NativeDomain } from './native.js';

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

export interface MetadataQuery {
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

/** A virtual machine. The handle stays valid when the domain is gone: calls then reject with NO_DOMAIN. */
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

  async getState(): Promise<DomainStateAndReason> {
    return await settle(native.domainGetState(this.#handle));
  }

  /** `flags`: `DomainXmlFlags`; SECURE needs a read-write connection. */
  async getXmlDesc(flags = 0): Promise<string> {
    return await settle(native.domainGetXmlDesc(this.#handle, flags));
  }

  async isActive(): Promise<boolean> {
    return await settle(native.domainIsActive(this.#handle));
  }

  async isPersistent(): Promise<boolean> {
    return await settle(native.domainIsPersistent(this.#handle));
  }

  /** Starts the domain. `flags`: `DomainCreateFlags`. */
  async create(flags = 0): Promise<void> {
    await settle(native.domainCreate(this.#handle, flags));
  }

  /** Asks the guest to shut down and does not wait for it. `flags`: `DomainShutdownFlags`. */
  async shutdown(flags = 0): Promise<void> {
    await settle(native.domainShutdown(this.#handle, flags));
  }

  /** Stops the domain at once. `flags`: `DomainDestroyFlags`. */
  async destroy(flags = 0): Promise<void> {
    await settle(native.domainDestroy(this.#handle, flags));
  }

  /** `flags`: `DomainUndefineFlags`. */
  async undefine(flags = 0): Promise<void> {
    await settle(native.domainUndefine(this.#handle, flags));
  }

  /** `flags`: `DomainDeviceModifyFlags`. */
  async attachDevice(xml: string, flags = 0): Promise<void> {
    await settle(native.domainAttachDevice(this.#handle, xml, flags));
  }

  /** Of a running domain, only asks: the event `device-removed` or `device-removal-failed` tells the outcome. */
  async detachDevice(xml: string, flags = 0): Promise<void> {
    await settle(native.domainDetachDevice(this.#handle, xml, flags));
  }

  async updateDevice(xml: string, flags = 0): Promise<void> {
    await settle(native.domainUpdateDevice(this.#handle, xml, flags));
  }

  /** As `detachDevice`, by the device's `<alias name>`. */
  async detachDeviceAlias(alias: string, flags = 0): Promise<void> {
    await settle(native.domainDetachDeviceAlias(this.#handle, alias, flags));
  }

  /** Rejects with NO_DOMAIN_METADATA when there is none. */
  async getMetadata(query: MetadataQuery): Promise<string> {
    return await settle(native.domainGetMetadata(this.#handle, query.type, query.uri ?? null, query.flags ?? 0));
  }

  async setMetadata(change: MetadataChange): Promise<void> {
    const { type, metadata, key, uri, flags } = change;
    await settle(native.domainSetMetadata(this.#handle, type, metadata, key ?? null, uri ?? null, flags ?? 0));
  }

  async getAutostart(): Promise<boolean> {
    return await settle(native.domainGetAutostart(this.#handle));
  }

  async setAutostart(autostart: boolean): Promise<void> {
    await settle(native.domainSetAutostart(this.#handle, autostart));
  }

  async hasManagedSaveImage(): Promise<boolean> {
    return await settle(native.domainHasManagedSaveImage(this.#handle));
  }

  async managedSaveRemove(): Promise<void> {
    await settle(native.domainManagedSaveRemove(this.#handle));
  }

  async getJobInfo(): Promise<DomainJobInfo> {
    return await settle(native.domainGetJobInfo(this.#handle));
  }

  async snapshotNum(flags = 0): Promise<number> {
    return await settle(native.domainSnapshotNum(this.#handle, flags));
  }
}
