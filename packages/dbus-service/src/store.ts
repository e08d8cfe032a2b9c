// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  emptyReading,
  mayChangePciDrivers,
  readAgain,
  readNodeDevices,
  withDomains,
  type ChangeExtent,
  type Clock,
  type HostPorts,
  type Inventory,
  type InventoryReading,
} from '@vgpu/core';
import type { ManagerState } from './objects/manager.js';
import type { Log } from './log.js';
import { VanishedParents } from './vanished-parents.js';

/** Everything that is known about the host at one moment. */
export interface Snapshot {
  readonly inventory: Inventory;
  readonly manager: ManagerState;
}

/** How long a burst of events is gathered after a reading: so long, and so many times as long as the reading took. */
const gatherMs = 20;
const gatherFactor = 2;
/** A reading that took long because libvirt was silent is no reason to be silent for longer. */
const maxGatherMs = 1_000;
/** After a reading that failed; every time that it is tried in vain doubles it. */
const retryMs = 1000;
const maxRetryMs = 60_000;
/** Some changes have no event (a device attached to a stored definition, other machines' use of a GPU's memory). */
const sweepMs = 60_000;

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
  readonly #vanished: VanishedParents;
  #current: Snapshot;
  /** What was read last; `current` shows parents that are gone a moment longer. */
  #reading: InventoryReading = emptyReading;
  /** What the next reading must not leave out. */
  #extent: ChangeExtent = 'everything';
  #waiters: Waiter[] = [];
  /** How many readings were asked for, and up to which request the host has been read. */
  #wanted = 0;
  #reached = 0;
  #running = false;
  #stopped = false;
  #retrying = false;
  #retryMs = retryMs;
  /** Counts changes of the connection: a reading that began before the last one proves nothing. */
  #statusEpoch = 0;
  /** Counts readings of domains as they begin, and which of them the domains in `current` are from. */
  #readings = 0;
  #domainsOf = 0;
  #mdevctlVersion: { readonly epoch: number; readonly version: string | undefined } | undefined;
  #wake: () => void = () => undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#vanished = new VanishedParents(options.clock, () => this.#certain());
    const { events } = options.ports;
    const status = events.status();
    this.#current = {
      inventory: emptyReading.inventory,
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
      events.onChange((extent) => this.#request(extent)),
      events.onStatus(() => {
        this.#statusEpoch += 1;
        const { connected, libvirtVersion } = events.status();
        this.#replace({ manager: { ...this.#current.manager, connected, libvirtVersion, stale: true } });
        if (connected) this.#request('everything');
      }),
    ];
    void this.#sweep();
  }

  get current(): Snapshot {
    return this.#current;
  }

  /**
   * Settles when a reading of everything that began after this call is in `current`, and nothing in it waits to be
   * certain.
   * @throws DeviceError Unavailable and what the ports throw
   */
  refresh(): Promise<void> {
    this.#extent = 'everything';
    return this.refreshChanged();
  }

  /**
   * The same for a reading of what events and the ports' own changes tell of, which is read of everything where they
   * cannot tell: for who knows that nothing else has changed.
   * @throws DeviceError Unavailable and what the ports throw
   */
  refreshChanged(): Promise<void> {
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
    const domains = await this.#options.ports.domains.list();
    if (this.#stopped || reading < this.#domainsOf) return;
    this.#domainsOf = reading;
    this.#reading = withDomains(this.#reading, domains);
    this.#replace({ inventory: this.#shown() });
  }

  /** Reads all but the domains, which stay. */
  async #refreshNodeDevices(): Promise<void> {
    const reading = await readNodeDevices(this.#options.ports, this.#reading);
    if (this.#stopped) return;
    this.#reading = withDomains(reading, this.#reading.domains);
    this.#replace({ inventory: this.#shown() });
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#settle(Number.POSITIVE_INFINITY, new DeviceError('Unavailable', 'the service is stopping'));
    this.#wake();
  }

  #request(extent: ChangeExtent): void {
    if (extent === 'everything') this.#extent = extent;
    this.#wanted += 1;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#reached < this.#wanted && !this.#stopped) {
      const goal = this.#wanted;
      const extent = this.#extent;
      this.#extent = 'some';
      const began = this.#options.clock.elapsedUsec();
      const error = await this.#read(extent);
      this.#reached = goal;
      if (error === undefined) this.#retryMs = retryMs;
      else {
        // What the failed reading was told of is not known any more.
        this.#extent = 'everything';
        this.#retryLater();
      }
      // Who waits for the truth waits until it is certain: that causes a reading.
      if (error !== undefined || !this.#vanished.any) this.#settle(goal, error);
      const isAwaited = this.#waiters.some(({ ticket }) => ticket > goal);
      if (this.#reached < this.#wanted && !isAwaited) {
        const tookMs = Number(this.#options.clock.elapsedUsec() - began) / 1000;
        await this.#gather(Math.min(Math.max(gatherMs, tookMs * gatherFactor), maxGatherMs));
      }
    }
    this.#running = false;
  }

  /** Whoever waits for a reading waits for one of everything. */
  #readEverythingFirst(): void {
    this.#request('everything');
    this.#waiters = this.#waiters.map((waiter) => ({ ...waiter, ticket: this.#wanted }));
  }

  async #sweep(): Promise<void> {
    while (!this.#stopped) {
      await this.#options.clock.delay(sweepMs);
      if (!this.#stopped && this.#options.ports.events.status().connected) this.#request('everything');
    }
  }

  /** Waits for a burst of events to end, unless somebody waits for a reading. */
  async #gather(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([this.#options.clock.delay(ms), woken]);
    this.#wake = () => undefined;
  }

  /** @returns why the host could not be read */
  async #read(extent: ChangeExtent): Promise<unknown> {
    const { ports, clock, log } = this.#options;
    const epoch = this.#statusEpoch;
    try {
      const number = ++this.#readings;
      const before = this.#reading.domains;
      const reading = await readAgain(ports, this.#reading, extent);
      const mdevctlVersion = await this.#mdevctl(epoch);
      if (this.#stopped) return undefined;
      const { connected, libvirtVersion } = ports.events.status();
      // Somebody who waits for it asks again: the connection was lost or came back meanwhile.
      const stale = !connected || epoch !== this.#statusEpoch;
      const lastRefreshUsec = clock.nowUsec();
      const manager = { ...this.#current.manager, connected, libvirtVersion, mdevctlVersion, stale, lastRefreshUsec };
      // Domains that were read alone meanwhile are newer.
      const isLate = number < this.#domainsOf;
      this.#reading = isLate ? withDomains(reading, this.#reading.domains) : reading;
      if (!isLate) this.#domainsOf = number;
      this.#replace({ inventory: this.#shown(), manager });
      // A full reading asks for no other one: it may have read a driver too early only if a domain's event is still to come.
      if (extent === 'some' && mayChangePciDrivers(before, reading.domains)) this.#readEverythingFirst();
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

  /** What was read, but for parents that may come back at once. */
  #shown(): Inventory {
    return this.#vanished.keep(this.#current.inventory, this.#reading.inventory);
  }

  /** A parent has been gone for long enough. */
  #certain(): void {
    if (!this.#stopped && this.#options.ports.events.status().connected) this.#request('some');
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
    const ms = this.#retryMs;
    this.#retryMs = Math.min(ms * 2, maxRetryMs);
    const retry = async () => {
      await this.#options.clock.delay(ms);
      this.#retrying = false;
      if (!this.#stopped) this.#request('everything');
    };
    void retry();
  }
}
