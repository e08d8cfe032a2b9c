// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  readDomains,
  readInventory,
  readNodeDevices,
  type Clock,
  type HostPorts,
  type Inventory,
} from '@vgpu/core';
import type { ManagerState } from './objects/manager.js';
import type { Log } from './log.js';

/** Everything that is known about the host at one moment. */
export interface Snapshot {
  readonly inventory: Inventory;
  readonly manager: ManagerState;
}

/** How long a burst of events is gathered after a reading. */
const gatherMs = 50;
/**
 * A parent that is removed and comes back at once (its driver is bound again) takes libvirt some milliseconds: only what
 * is still gone after this time is gone.
 */
const vanishedMs = 150;
const retryMs = 1000;
/** Some changes have no event (a device attached to a stored definition, other machines' use of a GPU's memory). */
const sweepMs = 60_000;

export const emptyInventory: Inventory = {
  pciDevices: new Map(),
  iommuGroups: new Map(),
  parents: new Map(),
  vgpus: new Map(),
  domains: new Map(),
};

interface Waiter {
  readonly ticket: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface StoreOptions {
  readonly ports: HostPorts;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Told whenever `current` was replaced. It must not throw. */
  onSnapshot(snapshot: Snapshot): void;
}

/** Keeps the snapshot right: it reads the host when something changed, one reading at a time. */
export class Store {
  readonly #options: StoreOptions;
  readonly #unsubscribe: (() => void)[];
  #current: Snapshot;
  #waiters: Waiter[] = [];
  /** How many readings were asked for, and up to which request the host has been read. */
  #wanted = 0;
  #reached = 0;
  #running = false;
  #stopped = false;
  #retrying = false;
  /** Counts changes of the connection: a reading that began before the last one proves nothing. */
  #statusEpoch = 0;
  /** Counts readings of domains as they begin, and which of them the domains in `current` are from. */
  #readings = 0;
  #domainsOf = 0;
  #mdevctlVersion: { readonly epoch: number; readonly version: string | undefined } | undefined;
  #wake: () => void = () => undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    const { events } = options.ports;
    const status = events.status();
    this.#current = {
      inventory: emptyInventory,
      manager: {
        version: options.version,
        libvirtUri: status.uri,
        libvirtVersion: status.libvirtVersion,
        mdevctlVersion: undefined,
        connected: status.connected,
        stale: true,
        lastRefreshUsec: 0n,
      },
    };
    this.#unsubscribe = [
      events.onChange(() => this.#request()),
      events.onStatus(() => {
        this.#statusEpoch += 1;
        const { connected, libvirtVersion } = events.status();
        this.#replace({ manager: { ...this.#current.manager, connected, libvirtVersion, stale: true } });
        if (connected) this.#request();
      }),
    ];
    void this.#sweep();
  }

  get current(): Snapshot {
    return this.#current;
  }

  /**
   * Settles when a reading that began after this call is in `current`.
   * @throws DeviceError Unavailable and what the ports throw
   */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.reject(new DeviceError('Unavailable', 'the service is stopping'));
    const ticket = ++this.#wanted;
    const settled = new Promise<void>((resolve, reject) => this.#waiters.push({ ticket, resolve, reject }));
    this.#wake();
    void this.#run();
    return settled;
  }

  /**
   * Reads domains alone and keeps the rest, so that it works while node devices cannot be listed.
   * @throws DeviceError Unavailable and what the port throws
   */
  async refreshDomains(): Promise<void> {
    if (this.#stopped) throw new DeviceError('Unavailable', 'the service is stopping');
    const reading = ++this.#readings;
    const { domains } = await readDomains(this.#options.ports, this.#current.inventory);
    if (this.#stopped || reading < this.#domainsOf) return;
    this.#domainsOf = reading;
    this.#replace({ inventory: { ...this.#current.inventory, domains } });
  }

  /** Reads all but the domains, which stay. */
  async #refreshNodeDevices(): Promise<void> {
    const inventory = await readNodeDevices(this.#options.ports, this.#current.inventory);
    if (!this.#stopped) this.#replace({ inventory: { ...inventory, domains: this.#current.inventory.domains } });
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#settle(Number.POSITIVE_INFINITY, new DeviceError('Unavailable', 'the service is stopping'));
    this.#wake();
  }

  #request(): void {
    this.#wanted += 1;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#reached < this.#wanted && !this.#stopped) {
      const goal = this.#wanted;
      const error = await this.#read();
      this.#reached = goal;
      this.#settle(goal, error);
      if (error !== undefined) this.#retryLater();
      if (this.#reached < this.#wanted && this.#waiters.length === 0) await this.#gather();
    }
    this.#running = false;
  }

  async #sweep(): Promise<void> {
    while (!this.#stopped) {
      await this.#options.clock.delay(sweepMs);
      if (!this.#stopped && this.#options.ports.events.status().connected) this.#request();
    }
  }

  /** Waits for a burst of events to end, unless somebody waits for a reading. */
  async #gather(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([this.#options.clock.delay(gatherMs), woken]);
    this.#wake = () => undefined;
  }

  /** @returns why the host could not be read */
  async #read(): Promise<unknown> {
    const { ports, clock, log } = this.#options;
    const epoch = this.#statusEpoch;
    try {
      let reading = ++this.#readings;
      let inventory = await readInventory(ports);
      if (losesParent(this.#current.inventory, inventory)) {
        await clock.delay(vanishedMs);
        reading = ++this.#readings;
        inventory = await readInventory(ports);
      }
      const mdevctlVersion = await this.#mdevctl(epoch);
      if (this.#stopped) return undefined;
      const { connected, libvirtVersion } = ports.events.status();
      // Somebody who waits for it asks again: the connection was lost or came back meanwhile.
      const stale = !connected || epoch !== this.#statusEpoch;
      const lastRefreshUsec = clock.nowUsec();
      const manager = { ...this.#current.manager, connected, libvirtVersion, mdevctlVersion, stale, lastRefreshUsec };
      // Domains that were read alone meanwhile are newer.
      if (reading < this.#domainsOf) inventory = { ...inventory, domains: this.#current.inventory.domains };
      else this.#domainsOf = reading;
      this.#replace({ inventory, manager });
      return undefined;
    } catch (error) {
      log.error('the host could not be read', error);
      const { connected } = ports.events.status();
      this.#replace({ manager: { ...this.#current.manager, connected, stale: true } });
      // Each half is shown even where the other cannot be listed: they may come from two daemons.
      await this.refreshDomains().catch(() => this.#refreshNodeDevices().catch(() => undefined));
      return error;
    }
  }

  /** Once per connection: it is updated rarely, and finding it out means reading a large file. */
  async #mdevctl(epoch: number): Promise<string | undefined> {
    if (this.#mdevctlVersion?.epoch !== epoch) {
      this.#mdevctlVersion = { epoch, version: await this.#options.ports.facts.mdevctlVersion() };
    }
    return this.#mdevctlVersion.version;
  }

  #replace(changes: Partial<Snapshot>): void {
    this.#current = { ...this.#current, ...changes };
    this.#options.onSnapshot(this.#current);
  }

  #settle(goal: number, error: unknown): void {
    const settled = this.#waiters.filter((waiter) => waiter.ticket <= goal);
    this.#waiters = this.#waiters.filter((waiter) => waiter.ticket > goal);
    for (const waiter of settled) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  }

  /** While libvirt is away the event of its return is enough; any other failure is tried again. */
  #retryLater(): void {
    if (this.#retrying || !this.#options.ports.events.status().connected) return;
    this.#retrying = true;
    const retry = async () => {
      await this.#options.clock.delay(retryMs);
      this.#retrying = false;
      if (!this.#stopped) this.#request();
    };
    void retry();
  }
}

function losesParent(before: Inventory, after: Inventory): boolean {
  return [...before.parents.keys()].some((name) => !after.parents.has(name));
}
