// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChangeExtent, EventPort, HypervisorStatus } from '@vgpu/core';
import { DomainLifecycle, type Connection, type DomainEvents } from '@vgpu/libvirt';
import { Link } from './link.js';
import { isMdevName } from './node-device-listing.js';
import { Operations } from './operations.js';
import { formatPublicUri } from './public-uri.js';
import type { tooLate } from './wait.js';

export interface ConnectionsOptions {
  /** The hypervisor's URI, for example `qemu:///system`. */
  readonly uri: string;
  /** Where node devices are; absent: as `nodeDeviceUriFor` says. */
  readonly nodeDeviceUri?: string | undefined;
}

const domainEvents = [
  'device-added',
  'device-removed',
  'device-removal-failed',
  'metadata-change',
] as const satisfies readonly (keyof DomainEvents)[];

/** What libvirt told, in its own words; or that it may have told something while nobody listened. */
export type LibvirtEvent =
  | { readonly kind: 'domain'; readonly uuid: string; /** It does not run any more. */ readonly ended?: boolean }
  | { readonly kind: 'node-device'; readonly name: string }
  | { readonly kind: 'missed'; readonly of: 'domains' | 'node-devices' };

/**
 * The connections of one host. Two stay open and carry lists and events, a third one the documents of domains, because
 * one domain can keep it waiting. Each change has one of its own, so that nothing waits for a change. libvirt's client
 * must not make two calls at once on one connection: the binding makes them one after the other.
 */
export class Connections implements EventPort {
  readonly #uri: string;
  readonly #nodeDeviceUri: string;
  readonly #domains: Link;
  readonly #documents: Link;
  readonly #nodeDevices: Link;
  readonly #links: readonly Link[];
  readonly #operations = new Operations();
  readonly #eventListeners = new Set<(event: LibvirtEvent) => void>();
  readonly #changeListeners = new Set<(extent: ChangeExtent) => void>();
  readonly #statusListeners = new Set<(status: HypervisorStatus) => void>();
  readonly #up = new Set<Link>();
  #wasConnected = false;
  #libvirtVersion: string | undefined;

  constructor({ uri, nodeDeviceUri }: ConnectionsOptions) {
    this.#uri = uri;
    this.#nodeDeviceUri = nodeDeviceUri ?? nodeDeviceUriFor(uri);
    this.#domains = new Link({
      uri,
      readOnly: true,
      prepare: async (connection) => {
        this.#libvirtVersion = formatVersion(await connection.getLibVersion());
        await connection.onDomainEvent('lifecycle', ({ uuid, event }) =>
          this.#tell({ kind: 'domain', uuid, ended: event === DomainLifecycle.STOPPED }),
        );
        for (const name of domainEvents) {
          await connection.onDomainEvent(name, ({ uuid }) => this.#tell({ kind: 'domain', uuid }));
        }
      },
      onUpOrDown: () => this.#upOrDown(this.#domains),
    });
    this.#documents = new Link({
      uri,
      readOnly: true,
      onUpOrDown: () => this.#upOrDown(this.#documents),
    });
    this.#nodeDevices = new Link({
      uri: this.#nodeDeviceUri,
      // Read-write although it only reads: virNodeDeviceGetAutostart refuses a read-only connection (libvirt 9.0).
      readOnly: false,
      prepare: async (connection) => {
        const tell = ({ name }: { readonly name: string }) => this.#tell({ kind: 'node-device', name });
        await connection.onNodeDeviceLifecycle(tell);
        await connection.onNodeDeviceUpdate(tell);
      },
      onUpOrDown: () => this.#upOrDown(this.#nodeDevices),
    });
    this.#links = [this.#domains, this.#documents, this.#nodeDevices];
  }

  /** Reads domains, read-only. @throws DeviceError Unavailable, also when there is no answer in time. */
  readDomains<T>(read: (connection: Connection) => Promise<T>, timeoutMs: number, what: string): Promise<T> {
    return this.#domains.read(read, timeoutMs, what);
  }

  /**
   * Reads about one domain, read-only; `tooLate` when it does not answer in time.
   * @throws DeviceError Unavailable when there is no connection
   */
  readDomain<T>(read: (connection: Connection) => Promise<T>, timeoutMs: number): Promise<T | typeof tooLate> {
    return this.#documents.attempt(read, timeoutMs);
  }

  /** Reads node devices. @throws DeviceError Unavailable, also when there is no answer in time. */
  readNodeDevices<T>(read: (connection: Connection) => Promise<T>, timeoutMs: number, what: string): Promise<T> {
    return this.#nodeDevices.read(read, timeoutMs, what);
  }

  /** A connection of its own for changing a domain, or for reading what only a read-write one may. */
  withDomains<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#operations.run(this.#uri, act);
  }

  /** A connection of its own for changing node devices. */
  withNodeDevices<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#operations.run(this.#nodeDeviceUri, act);
  }

  /** Settles when each connection was tried once, or after this time: a stopped daemon does not answer at all. */
  async attempted(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(this.#links.map((link) => link.attempted)), timeout]);
    clearTimeout(timer);
  }

  /** Told before those of `onChange`. */
  onEvent(listener: (event: LibvirtEvent) => void): void {
    this.#eventListeners.add(listener);
  }

  onChange(listener: (extent: ChangeExtent) => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  onStatus(listener: (status: HypervisorStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  status(): HypervisorStatus {
    const connected = this.#links.every((link) => link.isUp);
    return { connected, uri: formatPublicUri(this.#uri), libvirtVersion: this.#libvirtVersion };
  }

  async close(): Promise<void> {
    this.#changeListeners.clear();
    this.#statusListeners.clear();
    await Promise.all([...this.#links, this.#operations].map((each) => each.close()));
  }

  /** Something may have changed that libvirt tells nobody: `listChanged` reads it again. */
  changed(extent: ChangeExtent = 'some'): void {
    for (const listener of this.#changeListeners) listener(extent);
  }

  #tell(event: LibvirtEvent): void {
    for (const listener of this.#eventListeners) listener(event);
    this.changed(extentOf(event));
  }

  /**
   * What happened while a connection was down is not told later: everything has to be read again. Also while the other
   * one is still down: each may lead to a daemon of its own.
   */
  #upOrDown(link: Link): void {
    const missed = { kind: 'missed', of: link === this.#nodeDevices ? 'node-devices' : 'domains' } as const;
    const wasUp = this.#up.has(link);
    if (link.isUp) this.#up.add(link);
    else {
      this.#up.delete(link);
      for (const listener of this.#eventListeners) listener(missed);
    }
    const status = this.status();
    if (status.connected !== this.#wasConnected) {
      this.#wasConnected = status.connected;
      for (const listener of this.#statusListeners) listener(status);
    }
    // Where another one took its place, only events are missing.
    if (link.isUp && !(wasUp && link === this.#documents)) this.#tell(missed);
  }
}

/**
 * How much may have changed with an event. With a node device that is no mdev: everything. They come and go rarely, with
 * hardware and drivers, and change what sysfs says of others: a GPU's render node has an event under its own name alone.
 */
export function extentOf(event: LibvirtEvent): ChangeExtent {
  if (event.kind === 'missed') return 'everything';
  return event.kind === 'node-device' && !isMdevName(event.name) ? 'everything' : 'some';
}

/**
 * Where this machine's node devices are. libvirtd answers for `nodedev:///system` too; where each driver has a daemon of
 * its own this leads straight to virtnodedevd, so that neither daemon is missed when only the other one is lost. Other
 * machines and sessions: the same URI.
 */
export function nodeDeviceUriFor(uri: string): string {
  return /^(?:bhyve|ch|lxc|qemu|vbox|xen):\/\/\/system$/.test(uri) ? 'nodedev:///system' : uri;
}

/** libvirt's number: major * 1,000,000 + minor * 1,000 + release. */
function formatVersion(version: bigint): string {
  return `${version / 1_000_000n}.${(version / 1_000n) % 1_000n}.${version % 1_000n}`;
}
