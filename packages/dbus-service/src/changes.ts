// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { DeviceError, executePlan, parseUuid, type Clock, type HostPorts, type PlanStep, type Uuid } from '@vgpu/core';
import type { Authorizer, Decision } from './auth/authorizer.js';
import { ChangeQueue, stopping, type WatchDeparture } from './change-queue.js';
import { BusError } from './host/bus-error.js';
import type { MethodCall } from './host/dispatch.js';
import { stopGraceMs } from './limits.js';
import type { Log } from './log.js';
import { nameFailure } from './methods/failed-step.js';
import { grantKey, neededGrants, type NeededGrant } from './methods/needed-grants.js';
import { readCallOptions } from './methods/options.js';
import type { AnyChangeInput, AnyChangingMethod } from './methods/table.js';
import type { Store } from './store.js';

/** A grant that is older when its change begins is asked for again. */
const grantLifetimeUsec = 60_000_000n;

export interface ChangesOptions {
  readonly ports: HostPorts;
  readonly store: Store;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Log;
  readonly watchDeparture: WatchDeparture;
  /** @throws DeviceError Unavailable while libvirt is away */
  requireConnected(): void;
}

/** When each grant was given, in microseconds since the epoch, by its key. */
type Grants = Map<string, bigint>;

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
    const { options, interactive } = readCallOptions(call);
    let uuid: Uuid | undefined;
    const newUuid = () => (uuid ??= parseUuid(randomUUID()));
    const { path, args } = call;
    const input = () => ({ inventory: this.#options.store.current.inventory, path, args, options, newUuid });
    this.#options.requireConnected();
    const grants: Grants = new Map();
    for (const needed of neededGrants(method, input())) {
      const decision = await this.#ask(needed, call.sender, call.interactive && interactive, grants);
      if (decision !== 'granted') throw refusal(decision, call, needed);
    }
    return this.#queue.run(call.sender, () => this.#carryOut(call, method, input, grants));
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

  async #carryOut(
    call: MethodCall,
    method: AnyChangingMethod,
    input: () => AnyChangeInput,
    grants: Grants,
  ): Promise<readonly unknown[]> {
    const { ports, store, log } = this.#options;
    // A dialog can take minutes: what was checked before it may be gone, or be something else by now.
    this.#options.requireConnected();
    const refresh = () => (method.reads === undefined ? store.refresh() : store.refreshDomains());
    if (method.reads !== 'last-seen') await refresh();
    for (const needed of neededGrants(method, input())) {
      if (this.#isFresh(grants.get(grantKey(needed)))) continue;
      if ((await this.#ask(needed, call.sender, false, grants)) !== 'granted') throw secondRefusal(call, needed);
    }
    const { plan, result } = method.plan(input());
    if (this.#stopping) throw stopping();
    let begun: PlanStep | undefined;
    try {
      await executePlan(plan, ports, {
        refuseStep: (step) => {
          begun = step;
          return this.#graceOver ? stopping() : undefined;
        },
      });
    } catch (error) {
      throw nameFailure(error, begun);
    } finally {
      await refresh().catch((error: unknown) => log.error('the host could not be read after a change', error));
    }
    return result;
  }

  async #ask({ action, details }: NeededGrant, sender: string, interactive: boolean, grants: Grants) {
    const decision = await this.#options.authorizer.decide({ sender, action, details, interactive });
    if (this.#stopping) throw stopping();
    if (decision === 'granted') grants.set(grantKey({ action, details }), this.#options.clock.nowUsec());
    return decision;
  }

  #isFresh(grantedUsec: bigint | undefined): boolean {
    return grantedUsec !== undefined && this.#options.clock.nowUsec() - grantedUsec < grantLifetimeUsec;
  }
}

function refusal(decision: Exclude<Decision, 'granted'>, call: MethodCall, needed: NeededGrant): Error {
  if (decision === 'challenge') {
    return new BusError('InteractiveAuthorizationRequired', `${call.method} needs an authentication dialog`);
  }
  const target = targetOf(call, needed);
  return new DeviceError('NotAuthorized', `${target} may not be changed by ${call.method} without authorization`);
}

function secondRefusal(call: MethodCall, needed: NeededGrant): Error {
  const target = targetOf(call, needed);
  const why = 'its authorization is too old, or was for something else';
  return new DeviceError('NotAuthorized', `${target} may not be changed by ${call.method} any more: ${why}`);
}

function targetOf({ path }: MethodCall, { details }: NeededGrant): string {
  return details['domain.name'] ?? details['vgpu.uuid'] ?? details['parent.name'] ?? path;
}
