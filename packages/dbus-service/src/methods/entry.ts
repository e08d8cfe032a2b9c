// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory, Plan, Uuid } from '@vgpu/core';
import type { PolkitAction } from '../auth/polkit-actions.js';
import type { ArgumentsOf, InterfaceName, MethodName, OptionsOf, ResultOf } from '../protocol/members.js';
import type { Operation } from '../operations/operation.js';
import type { Dictionary } from '../protocol/contract-types.js';

/** A call of a changing method against one inventory, with checked argument types. */
export interface ChangeInput<I extends InterfaceName, M extends MethodName<I>> {
  readonly inventory: Inventory;
  /** The object it was called on. */
  readonly path: string;
  readonly args: ArgumentsOf<I, M>;
  readonly options: OptionsOf<I, M>;
  /** For a new vGPU; the same one however often the call is planned. */
  readonly newUuid: () => Uuid;
}

/** What a change will do, and what its caller gets. */
export interface PlannedChange<R> {
  readonly plan: Plan;
  readonly result: R;
}

/** A method that changes the host: refused without the action, and always a plan. */
export interface ChangingMethod<I extends InterfaceName, M extends MethodName<I>> {
  readonly kind: 'change';
  /** What it always needs; steps of another kind need theirs too (needed-grants.ts). */
  readonly action: PolkitAction;
  /**
   * What is read again before the plan is made; absent: everything. `domains` works while node devices cannot be
   * listed; `last-seen` reads nothing, its plan needs only to know that the object exists.
   */
  readonly reads?: 'domains' | 'last-seen';
  /** What polkit is told about the object. @throws DeviceError NotFound */
  details(input: ChangeInput<I, M>): Readonly<Record<string, string>>;
  /** What its refusal says: "vGPU 7686… may not be stopped". It names only what the caller has named. */
  refused(details: Readonly<Record<string, string>>, args: ArgumentsOf<I, M>): string;
  /** @throws DeviceError */
  plan(input: ChangeInput<I, M>): PlannedChange<ResultOf<I, M>>;
}

/** A call of a method that everybody may call. */
export interface OpenCall<I extends InterfaceName, M extends MethodName<I>> {
  readonly args: ArgumentsOf<I, M>;
  readonly sender: string;
}

/** What such methods see of the service. */
export interface OpenHost {
  inventory(): Inventory;
  /** Reads the host again, not too often. @throws DeviceError Unavailable and what the ports throw */
  refresh(): Promise<void>;
  /** What a changing method would do: diff and steps. @throws DeviceError */
  preview(
    call: ArgumentsOf<'me.phyllo.Vgpu1.Manager', 'Preview'>,
    sender: string,
  ): Promise<readonly [string, readonly Dictionary[]]>;
}

/** A method that everybody may call and that changes nothing. */
export interface OpenMethod<I extends InterfaceName, M extends MethodName<I>> {
  readonly kind: 'open';
  /** @throws DeviceError */
  run(call: OpenCall<I, M>, host: OpenHost): Promise<ResultOf<I, M>>;
}

/** A method on an operation: free for the user whose it is; everybody else needs the grants that the operation needs. */
export interface OperationMethod<I extends InterfaceName, M extends MethodName<I>> {
  readonly kind: 'operation';
  /** @throws DeviceError */
  run(operation: Operation): ResultOf<I, M>;
}

export type MethodEntry<I extends InterfaceName, M extends MethodName<I>> =
  OpenMethod<I, M> | ChangingMethod<I, M> | OperationMethod<I, M>;

/** Every method of an interface, once. */
export type InterfaceMethods<I extends InterfaceName> = { readonly [M in MethodName<I>]: MethodEntry<I, M> };
