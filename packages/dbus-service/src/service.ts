// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, executePlan, findVgpus, parseUuid, previewPlan, type Clock, type HostPorts } from '@vgpu/core';
import type { Authorizer, Decision } from './auth/authorizer.js';
import { ChangeQueue } from './change-queue.js';
import { BusError } from './host/bus-error.js';
import { diffObjects, type Signal } from './host/diff.js';
import { findMethod, type MethodCall } from './host/dispatch.js';
import { parsePreview, type PreviewRequest } from './methods/preview.js';
import { readOptions } from './methods/options.js';
import { formatSteps } from './methods/steps.js';
import { findMethodEntry, type AnyChangeInput, type AnyChangingMethod } from './methods/table.js';
import type { PublishedObjects } from './host/published.js';
import { buildObjects } from './objects/build-objects.js';
import { isPublished } from './objects/topology.js';
import type { Log } from './log.js';
import { formatVgpuPath } from './protocol/paths.js';
import { Store } from './store.js';

/** Between two readings that clients ask for. */
const refreshPauseMs = 200;

export interface ServiceOptions {
  readonly ports: HostPorts;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Broadcasts a signal. */
  emit(signal: Signal): void;
}

/** The host as objects, and the changes that callers may make. It knows no bus. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #store: Store;
  readonly #changes = new ChangeQueue();
  #objects: PublishedObjects;
  #announcing = false;
  #clientRefresh: Promise<void> | undefined;
  #refreshPause: Promise<void> = Promise.resolve();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#objects = new Map();
    this.#store = new Store({ ...options, onSnapshot: () => this.#publish() });
    this.#objects = this.#build();
  }

  /** Reads the host for the first time; a failure is shown, not thrown. */
  async start(): Promise<void> {
    await this.#store.refresh().catch(() => undefined);
    this.#announcing = true;
  }

  /** Waits for a running change, then ends the subscriptions. */
  async stop(): Promise<void> {
    await this.#changes.drained();
    this.#store.stop();
  }

  objects(): PublishedObjects {
    return this.#objects;
  }

  /** @throws DeviceError, BusError */
  async callMethod(call: MethodCall): Promise<readonly unknown[]> {
    const entry = findMethodEntry(call.interface, call.method);
    if (entry === undefined) throw new BusError('AccessDenied', `${call.interface}.${call.method} is not allowed`);
    return entry.kind === 'open' ? this.#callOpen(call) : this.#change(call, entry);
  }

  async #callOpen(call: MethodCall): Promise<readonly unknown[]> {
    const [first] = call.args;
    switch (call.method) {
      case 'Refresh':
        readOptions(call.method, requireMethod(call), first);
        await this.#refreshForClient();
        return [];
      case 'FindVgpus': {
        const vgpus = findVgpus(this.#store.current.inventory, parseUuid(String(first))).filter(isPublished);
        return [vgpus.map(formatVgpuPath)];
      }
      case 'Preview':
        return this.#preview(parsePreview(call.args, this.#objects), call.sender);
      default:
        throw new BusError('UnknownMethod', `${call.interface} has no method ${call.method}`);
    }
  }

  async #change(call: MethodCall, method: AnyChangingMethod): Promise<readonly unknown[]> {
    const { options, interactive } = splitOptions(readOptions(call.method, requireMethod(call), call.args.at(-1)));
    const input = (): AnyChangeInput => ({
      inventory: this.#store.current.inventory,
      path: call.path,
      args: call.args,
      options,
    });
    this.#requireConnected();
    const request = { sender: call.sender, action: method.action, details: method.details(input()) };
    const decision = await this.#options.authorizer.decide({
      ...request,
      interactive: call.interactive && interactive,
    });
    if (decision !== 'granted') throw refusal(decision, call, request.details);
    return this.#changes.run(async () => {
      // A dialog can take minutes: what was checked before it may be gone, or be something else by now.
      this.#requireConnected();
      await this.#store.refresh();
      const { plan, result } = method.plan(input());
      try {
        await executePlan(plan, this.#options.ports);
      } finally {
        await this.#store.refresh().catch((error: unknown) => {
          this.#options.log.error('the host could not be read after a change', error);
        });
      }
      return result;
    });
  }

  async #preview({ call, method }: PreviewRequest, sender: string): Promise<readonly unknown[]> {
    this.#requireConnected();
    const { options } = splitOptions(readOptions(call.method, requireMethod(call), call.args.at(-1)));
    const input = { inventory: this.#store.current.inventory, path: call.path, args: call.args, options };
    const { plan } = method.plan(input);
    const edits = plan.steps.some((step) => step.action?.kind === 'edit-domain');
    if (!edits) return ['', formatSteps(plan)];
    const request = { sender, action: method.action, details: method.details(input), interactive: false };
    const granted = (await this.#options.authorizer.decide(request)) === 'granted';
    return [granted ? await previewPlan(plan, this.#options.ports.domains) : '', formatSteps(plan)];
  }

  /** One after another with a pause; all callers that wait for the next reading share it. */
  #refreshForClient(): Promise<void> {
    this.#clientRefresh ??= this.#refreshPause.then(() => {
      this.#clientRefresh = undefined;
      const refreshed = this.#store.refresh();
      this.#refreshPause = refreshed.catch(() => undefined).then(() => this.#options.clock.delay(refreshPauseMs));
      return refreshed;
    });
    return this.#clientRefresh;
  }

  #requireConnected(): void {
    const { connected, uri } = this.#options.ports.events.status();
    if (!connected) throw new DeviceError('Unavailable', `libvirt at ${uri} cannot be reached`, { details: { uri } });
  }

  #build(): PublishedObjects {
    const { inventory, manager } = this.#store.current;
    return buildObjects(inventory, manager);
  }

  #publish(): void {
    const before = this.#objects;
    this.#objects = this.#build();
    // Nobody has asked for the objects before the first reading, so there is no copy to keep right.
    if (!this.#announcing) return;
    for (const signal of diffObjects(before, this.#objects)) {
      try {
        this.#options.emit(signal);
      } catch (error) {
        this.#options.log.error(`${signal.member} of ${signal.path} could not be sent`, error);
      }
    }
  }
}

/** The options for the planner, and whether the caller's options allow a dialog. */
function splitOptions(all: Readonly<Record<string, unknown>>) {
  const { 'auth.no_user_interaction': silent, ...options } = all;
  return { options, interactive: silent !== true };
}

function requireMethod(call: Pick<MethodCall, 'interface' | 'method'>) {
  const spec = findMethod(call.interface, call.method);
  if (spec === undefined) throw new BusError('UnknownMethod', `${call.interface} has no method ${call.method}`);
  return spec;
}

function refusal(
  decision: Exclude<Decision, 'granted'>,
  call: MethodCall,
  details: Readonly<Record<string, string>>,
): Error {
  const target = details['domain.name'] ?? details['vgpu.uuid'] ?? details['parent.name'] ?? call.path;
  if (decision === 'challenge') {
    return new BusError('InteractiveAuthorizationRequired', `${call.method} needs an authentication dialog`);
  }
  return new DeviceError('NotAuthorized', `${target} may not be changed by ${call.method} without authorization`);
}
