// SPDX-License-Identifier: LGPL-2.1-or-later
import type { EventPort, HypervisorStatus } from '@vgpu/core';
import type { Connection, DomainEvents } from '@vgpu/libvirt';
import { Link } from './link.js';

export interface ConnectionsOptions {
  /** The hypervisor's URI, for example `qemu:///system`. */
  readonly uri: string;
  /** Where node devices are when the hypervisor's daemon has none (`nodedev:///system`); absent: the same URI. */
  readonly nodeDeviceUri?: string | undefined;
}

const domainEvents = [
  'lifecycle',
  'device-added',
  'device-removed',
  'device-removal-failed',
  'metadata-change',
] as const satisfies readonly (keyof DomainEvents)[];

/**
 * The connections of one host. Control is read-write and carries changes, which may take seconds; the two queries carry
 * lists and events, so that reading never waits for a change. libvirt's client must not make two calls at once on one
 * connection: the binding makes them one after the other.
 */
export class Connections implements EventPort {
  readonly #uri: string;
  readonly #control: Link;
  readonly #query: Link;
  readonly #nodeControl: Link;
  readonly #nodeQuery: Link;
  readonly #links: ReadonlySet<Link>;
  readonly #changeListeners = new Set<() => void>();
  readonly #statusListeners = new Set<(status: HypervisorStatus) => void>();
  #wasConnected = false;
  #libvirtVersion: string | undefined;

  constructor({ uri, nodeDeviceUri }: ConnectionsOptions) {
    const link = (to: string, readOnly: boolean, prepare?: (connection: Connection) => Promise<void>): Link =>
      new Link({ uri: to, readOnly, prepare, onUpOrDown: () => this.#upOrDown() });

    this.#uri = withoutPassword(uri);
    this.#query = link(uri, true, async (connection) => {
      this.#libvirtVersion = formatVersion(await connection.getLibVersion());
      for (const name of domainEvents) await connection.onDomainEvent(name, () => this.#changed());
    });
    this.#control = link(uri, false);
    // Read-write although it only reads: virNodeDeviceGetAutostart refuses a read-only connection (libvirt 9.0).
    this.#nodeQuery = link(nodeDeviceUri ?? uri, false, async (connection) => {
      await connection.onNodeDeviceLifecycle(() => this.#changed());
      await connection.onNodeDeviceUpdate(() => this.#changed());
    });
    this.#nodeControl = nodeDeviceUri === undefined ? this.#control : link(nodeDeviceUri, false);
    this.#links = new Set([this.#query, this.#control, this.#nodeQuery, this.#nodeControl]);
  }

  /** For changes of domains. @throws DeviceError Unavailable, as the three below. */
  get control(): Connection {
    return this.#control.connection;
  }

  /** For reading domains; read-only. */
  get query(): Connection {
    return this.#query.connection;
  }

  /** For changes of node devices. */
  get nodeControl(): Connection {
    return this.#nodeControl.connection;
  }

  /** For reading node devices. */
  get nodeQuery(): Connection {
    return this.#nodeQuery.connection;
  }

  /** Settles when each connection was tried once, or after this time: a stopped daemon does not answer at all. */
  async attempted(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all([...this.#links].map((link) => link.attempted)), timeout]);
    clearTimeout(timer);
  }

  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  onStatus(listener: (status: HypervisorStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  status(): HypervisorStatus {
    const connected = [...this.#links].every((link) => link.isUp);
    return { connected, uri: this.#uri, libvirtVersion: this.#libvirtVersion };
  }

  async close(): Promise<void> {
    this.#changeListeners.clear();
    this.#statusListeners.clear();
    await Promise.all([...this.#links].map((link) => link.close()));
  }

  #changed(): void {
    for (const listener of this.#changeListeners) listener();
  }

  /** What happened while a connection was down is not told later: everything has to be read again. */
  #upOrDown(): void {
    const status = this.status();
    if (status.connected !== this.#wasConnected) {
      this.#wasConnected = status.connected;
      for (const listener of this.#statusListeners) listener(status);
    }
    if (status.connected) this.#changed();
  }
}

/** libvirt's number: major * 1,000,000 + minor * 1,000 + release. */
function formatVersion(version: bigint): string {
  return `${version / 1_000_000n}.${(version / 1_000n) % 1_000n}.${version % 1_000n}`;
}

function withoutPassword(uri: string): string {
  return uri.replace(/^([^/?#]*:\/\/[^/?#:@]*):[^/?#]*@/, '$1@');
}
