// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { DeviceError, parseUuid, previewPlan, type Clock, type HostPorts } from '@vgpu/core';
import type { Authorizer, Decision } from './auth/authorizer.js';
import { CallLimit } from './call-limit.js';
import { stopping, type WatchDeparture } from './change-queue.js';
import { Changes } from './changes.js';
import { BusError } from './host/bus-error.js';
import { FairSlots } from './fair-slots.js';
import { diffObjects, type Signal } from './host/diff.js';
import type { MethodCall } from './host/dispatch.js';
import type { PublishedObjects } from './host/published.js';
import type { Log } from './log.js';
import type { OpenHost } from './methods/entry.js';
import { grantKey, needsOf, type NeededGrant } from './methods/needed-grants.js';
import { readCallOptions } from './methods/options.js';
import { parsePreview, type PreviewRequest } from './methods/preview.js';
import { formatSteps, formatWithheldDiff } from './methods/steps.js';
import { findMethodEntry } from './methods/table.js';
import { ObjectBuilder } from './objects/build-objects.js';
import { publicLibvirtUri } from './objects/libvirt-uri.js';
import type { Dictionary } from './protocol/contract-types.js';
import { Operations } from './operations/operations.js';
import { Store } from './store.js';

/** Between two readings that clients ask for, at least; and how many times as long as the last one took. */
const refreshPauseMs = 200;
const refreshPauseFactor = 4n;
/** Previews of a domain's XML at a time: each has a connection to libvirt and a thread, and changes need some too. */
const maxDiffs = 2;
const maxDiffsPerUser = 1;

export interface ServiceOptions {
  readonly ports: HostPorts;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly watchDeparture: WatchDeparture;
  /** Number of a connection's user; rejects when it has left. */
  userOf(sender: string): Promise<number>;
  /** Whether a connection is still on the bus. Never rejects. */
  isPresent(sender: string): Promise<boolean>;
  /** Broadcasts a signal. */
  emit(signal: Signal): void;
}

const newUuid = () => parseUuid(randomUUID());

/** The host as objects, and the changes that callers may make. It knows no bus. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #store: Store;
  readonly #builder = new ObjectBuilder();
  readonly #changes: Changes;
  readonly #limit: CallLimit;
  readonly #diffs = new FairSlots(maxDiffs, maxDiffsPerUser);
  /** Whether a caller may do what a preview is about, by both, while polkit is asked. */
  readonly #previewChecks = new Map<string, Promise<Decision>>();
  readonly #openHost: OpenHost = {
    inventory: () => this.#store.current.inventory,
    refresh: () => this.#refreshForClient(),
    preview: (call, sender) => this.#preview(parsePreview(call, this.#objects), sender),
  };
  readonly #operations: Operations;
  #hostObjects: PublishedObjects;
  #objects: PublishedObjects;
  #announcing = false;
  #clientRefresh: Promise<void> | undefined;
  #refreshPause: Promise<void> = Promise.resolve();
  #endPause: () => void = () => undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#limit = new CallLimit(options.userOf);
    this.#objects = new Map();
    this.#hostObjects = new Map();
    this.#store = new Store({ ...options, onSnapshot: () => this.#publish() });
    this.#operations = new Operations({ ...options, onChange: (signals) => this.#publishOperations(signals) });
    const requireConnected = () => this.#requireConnected();
    this.#changes = new Changes({ ...options, store: this.#store, operations: this.#operations, requireConnected });
    this.#hostObjects = this.#build();
    this.#objects = this.#hostObjects;
  }

  /** Reads the host for the first time; a failure is shown, not thrown. */
  async start(): Promise<void> {
    await this.#store.refresh().catch(() => undefined);
    this.#announcing = true;
  }

  /** Accepts no more calls, waits for a running change, then ends the subscriptions. */
  async stop(): Promise<void> {
    await this.#changes.stop();
    this.#store.stop();
    this.#endPause();
  }

  objects(): PublishedObjects {
    return this.#objects;
  }

  /** @throws DeviceError, BusError */
  async callMethod(call: MethodCall): Promise<readonly unknown[]> {
    const entry = findMethodEntry(call.interface, call.method);
    if (entry === undefined) throw new BusError('AccessDenied', `${call.interface}.${call.method} is not allowed`);
    if (this.#changes.stopping) throw stopping();
    return this.#limit.run(call.sender, () => {
      switch (entry.kind) {
        case 'open':
          return entry.run(call, this.#openHost);
        case 'change':
          return this.#changes.run(call, entry);
        case 'operation':
          return this.#changes.control(call, entry);
      }
    });
  }

  async #preview({ call, method }: PreviewRequest, sender: string): Promise<readonly [string, readonly Dictionary[]]> {
    this.#requireConnected();
    const { options } = readCallOptions(call);
    const { path, args } = call;
    const input = { inventory: this.#store.current.inventory, path, args, options, newUuid };
    const { plan } = method.plan(input);
    const steps = formatSteps(plan);
    if (!plan.steps.some((step) => step.action?.kind === 'edit-domain')) return ['', steps];
    for (const needed of needsOf(method, input).grants) {
      const decision = await this.#checkForPreview(needed, sender);
      if (this.#changes.stopping) throw stopping();
      if (decision !== 'granted') return ['', [...steps, formatWithheldDiff(needed.action)]];
    }
    const user = await this.#options.userOf(sender);
    const diff = await this.#diffs.run(user, () => previewPlan(plan, this.#options.ports.domains));
    return [diff, steps];
  }

  /** All previews of a caller that need the same share what is under way. */
  #checkForPreview(needed: NeededGrant, sender: string): Promise<Decision> {
    const { action, details } = needed;
    const key = `${sender} ${grantKey(needed)}`;
    const running = this.#previewChecks.get(key);
    if (running !== undefined) return running;
    const check = this.#options.authorizer
      .decide({ action, details, sender, interactive: false })
      .finally(() => this.#previewChecks.delete(key));
    this.#previewChecks.set(key, check);
    return check;
  }

  /** One after another with a pause, so that nobody can keep libvirt busy; all who wait for the next reading share it. */
  #refreshForClient(): Promise<void> {
    const { clock } = this.#options;
    this.#clientRefresh ??= this.#refreshPause.then(() => {
      this.#clientRefresh = undefined;
      const began = clock.elapsedUsec();
      const refreshed = this.#store.refresh();
      const pause = () => {
        const took = Number(((clock.elapsedUsec() - began) * refreshPauseFactor) / 1000n);
        return this.#pause(Math.max(refreshPauseMs, took));
      };
      this.#refreshPause = refreshed.catch(() => undefined).then(pause);
      return refreshed;
    });
    return this.#clientRefresh;
  }

  /** Ends early when the service does. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#endPause = resolve;
      if (this.#changes.stopping) resolve();
      else void this.#options.clock.delay(ms).then(resolve);
    });
  }

  #requireConnected(): void {
    const { connected, uri: configured } = this.#options.ports.events.status();
    if (connected) return;
    const uri = publicLibvirtUri(configured);
    throw new DeviceError('Unavailable', `libvirt at ${uri} cannot be reached`, { details: { uri } });
  }

  #build(): PublishedObjects {
    const { inventory, manager } = this.#store.current;
    return this.#builder.build(inventory, manager);
  }

  #publish(): void {
    const before = this.#hostObjects;
    this.#hostObjects = this.#build();
    this.#merge();
    // Nobody has asked for the objects before the first reading, so there is no copy to keep right.
    if (this.#announcing) this.#emit(diffObjects(before, this.#hostObjects));
  }

  #publishOperations(signals: readonly Signal[]): void {
    this.#merge();
    this.#emit(signals);
  }

  /** A new map whenever something in it is new. */
  #merge(): void {
    this.#objects = new Map([...this.#hostObjects, ...this.#operations.objects()]);
  }

  #emit(signals: readonly Signal[]): void {
    for (const signal of signals) {
      try {
        this.#options.emit(signal);
      } catch (error) {
        this.#options.log.error(`${signal.member} of ${signal.path} could not be sent`, error);
      }
    }
  }
}
