// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { DeviceError, executePlan, parseUuid, type Clock, type HostPorts, type PlanStep, type Uuid } from '@vgpu/core';
import type { Authorizer } from './auth/authorizer.js';
import { CallerLeftError, ChangeQueue, stopping, type WatchDeparture } from './change-queue.js';
import type { MethodCall } from './host/dispatch.js';
import { stopGraceMs } from './limits.js';
import type { Log } from './log.js';
import { nameFailure } from './methods/failed-step.js';
import { grantKey, needsOf, type NeededGrant } from './methods/needed-grants.js';
import { readCallOptions } from './methods/options.js';
import { refusal, refusedIn, secondRefusal, type Refusal } from './methods/refusal.js';
import type { AnyChangeInput, AnyChangingMethod, AnyOperationMethod } from './methods/table.js';
import { CancelledError, type Operation } from './operations/operation.js';
import type { Operations } from './operations/operations.js';
import type { Store } from './store.js';

/** A grant that is older when its change begins is asked for again. */
const grantLifetimeUsec = 60_000_000n;

export interface ChangesOptions {
  readonly ports: HostPorts;
  readonly store: Store;
  readonly operations: Operations;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Log;
  readonly watchDeparture: WatchDeparture;
  /** Number of a connection's user; rejects when it has left. */
  userOf(sender: string): Promise<number>;
  /** Whether a connection is still on the bus. Never rejects. */
  isPresent(sender: string): Promise<boolean>;
  /** @throws DeviceError Unavailable while libvirt is away */
  requireConnected(): void;
}

/** When each grant was given, as the clock counts what has elapsed, by its key. */
type Grants = Map<string, bigint>;

interface HowToChange {
  readonly call: MethodCall;
  readonly method: AnyChangingMethod;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether a password dialog may appear. */
  readonly interactive: boolean;
}

interface Asking {
  readonly sender: string;
  readonly interactive: boolean;
  readonly operation: Operation;
  readonly grants: Grants;
}

interface Turn {
  readonly call: MethodCall;
  readonly method: AnyChangingMethod;
  readonly input: () => AnyChangeInput;
  readonly operation: Operation;
  readonly grants: Grants;
}

/** What callers change: authorized, one after another, each planned on what the one before left. */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #queue: ChangeQueue;
  #stopping = false;
  #graceOver = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#queue = new ChangeQueue(options.watchDeparture);
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** @returns the method's results. @throws DeviceError, BusError */
  async run(call: MethodCall, method: AnyChangingMethod): Promise<readonly unknown[]> {
    const { options, interactive, operationId: id } = readCallOptions(call);
    const callerUid = await this.#userOf(call.sender);
    const how = { call, method, options, interactive: call.interactive && interactive };
    return this.#options.operations.run({ call, callerUid, id, options }, (operation) => this.#change(how, operation));
  }

  /**
   * Calls a method of an operation.
   * @returns the method's results. @throws DeviceError, BusError
   */
  async control(call: MethodCall, method: AnyOperationMethod): Promise<readonly unknown[]> {
    const { interactive } = readCallOptions(call);
    const operation = this.#options.operations.require(call.path);
    const isOwn = (await this.#userOf(call.sender)) === operation.callerUid;
    // No password is asked for what is over.
    if (!isOwn && !operation.over) {
      const cancelled = operation.ended;
      const asked = { sender: call.sender, interactive: call.interactive && interactive, cancelled };
      const granted = new Set<string>();
      // The change may need more by the time that a dialog is answered.
      for (;;) {
        const needed = operation.grants.find((grant) => !granted.has(grantKey(grant)));
        if (needed === undefined) break;
        const decision = await this.#options.authorizer.decide({ ...asked, ...needed });
        if (this.#stopping) throw stopping();
        // Its dialog was closed then: that is no refusal.
        if (cancelled.aborted) break;
        if (decision === 'left') throw new CallerLeftError(call.sender);
        if (decision !== 'granted')
          throw refusal(decision, { what: `${call.path} may not be cancelled`, grant: needed.action });
        granted.add(grantKey(needed));
      }
    }
    return method.run(operation);
  }

  /** Drops what has not begun; settles when the running change is finished or undone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.authorizer.stop();
    void this.#endGrace();
    await this.#queue.close();
  }

  async #endGrace(): Promise<void> {
    await this.#options.clock.delay(stopGraceMs);
    this.#graceOver = true;
  }

  async #change({ call, method, options, interactive }: HowToChange, operation: Operation) {
    if (this.#stopping) throw stopping();
    let uuid: Uuid | undefined;
    const newUuid = () => (uuid ??= parseUuid(randomUUID()));
    const { path, args, sender } = call;
    const input = () => ({ inventory: this.#options.store.current.inventory, path, args, options, newUuid });
    this.#options.requireConnected();
    const grants: Grants = new Map();
    const { grants: needs, refused } = needsOf(method, input());
    operation.grants = needs;
    // No password is asked for what cannot work. Whoever has the grants already has the host read again before it is refused.
    const asking = { sender, interactive: interactive && refused === undefined, operation, grants };
    for (const needed of needs) {
      const decision = await this.#ask(needed, asking);
      if (decision === 'granted') continue;
      if (refused !== undefined) throw refused;
      if (decision !== 'unanswered') operation.refuse();
      throw refusal(decision, refusedIn(call, method, operation, needed));
    }
    operation.accept();
    const { cancelled } = operation;
    return this.#queue.run({ sender, cancelled }, () => this.#carryOut({ call, method, input, operation, grants }));
  }

  async #carryOut({ call, method, input, operation, grants }: Turn): Promise<readonly unknown[]> {
    const { ports, store, log } = this.#options;
    // A dialog can take minutes: what was checked before it may be gone, or be something else by now.
    this.#options.requireConnected();
    const refresh = () => (method.reads === undefined ? store.refresh() : store.refreshDomains());
    if (method.reads !== 'last-seen') await refresh();
    const isPresent = await this.#options.isPresent(call.sender);
    if (this.#stopping) throw stopping();
    operation.cancelled.throwIfAborted();
    if (!isPresent) throw new CallerLeftError(call.sender);
    // What is planned is what was granted: the host may change while polkit is asked.
    let planned = input();
    for (;;) {
      operation.grants = needsOf(method, planned).grants;
      const needed = operation.grants.find((grant) => !this.#isFresh(grants.get(grantKey(grant))));
      if (needed === undefined) break;
      const decision = await this.#ask(needed, { sender: call.sender, interactive: false, operation, grants });
      if (decision !== 'granted') throw secondRefusal(decision, refusedIn(call, method, operation, needed));
      planned = input();
    }
    const { plan, result } = method.plan(planned);
    if (this.#stopping) throw stopping();
    operation.cancelled.throwIfAborted();
    operation.begin(plan.steps);
    let begun: PlanStep | undefined;
    let isDone = false;
    let cancelled: DeviceError | undefined;
    try {
      await executePlan(plan, ports, {
        refuseStep: (step) => {
          begun = step;
          if (this.#graceOver) return stopping();
          if (operation.cancelled.aborted) cancelled = new DeviceError('InvalidState', `${operation.id} was cancelled`);
          return cancelled;
        },
        onProgress: (...told) => operation.proceed(...told),
      });
      isDone = true;
    } catch (error) {
      if (cancelled !== undefined) throw nameCancellation(error, cancelled, operation);
      throw nameFailure(error, begun);
    } finally {
      // The ports know what the steps of a plan have changed; of one that failed nobody knows what it has.
      const readAgain = () => (isDone && method.reads === undefined ? store.refreshChanged() : refresh());
      await readAgain().catch((error: unknown) => log.error('the host could not be read after a change', error));
    }
    return result;
  }

  /** @throws CallerLeftError: whoever has asked for the same goes on without this caller */
  async #ask(
    { action, details }: NeededGrant,
    { sender, interactive, operation, grants }: Asking,
  ): Promise<'granted' | Refusal> {
    const { cancelled } = operation;
    const onDialog = () => void operation.waitForAuthorization();
    const request = { sender, action, details, interactive, onDialog, cancelled };
    const decision = await this.#options.authorizer.decide(request);
    if (this.#stopping) throw stopping();
    cancelled.throwIfAborted();
    if (decision === 'left') throw new CallerLeftError(sender);
    if (decision === 'granted') grants.set(grantKey({ action, details }), this.#options.clock.elapsedUsec());
    return decision;
  }

  async #userOf(sender: string): Promise<number> {
    try {
      return await this.#options.userOf(sender);
    } catch (cause) {
      throw new DeviceError('Unavailable', `${sender} has left the bus`, { cause });
    }
  }

  #isFresh(grantedUsec: bigint | undefined): boolean {
    return grantedUsec !== undefined && this.#options.clock.elapsedUsec() - grantedUsec < grantLifetimeUsec;
  }
}

/**
 * The error of a plan that was cancelled, unless something is left of it: that names what.
 * @param refused the error that took the place of the next step
 */
function nameCancellation(error: unknown, refused: DeviceError, operation: Operation): unknown {
  // Nothing was begun.
  if (error === refused) return operation.cancelled.reason;
  if (!(error instanceof DeviceError) || error.code !== 'RolledBack') return error;
  const message = `operation ${operation.id} was cancelled, and everything that was done was undone`;
  return new CancelledError(message, error.details);
}
