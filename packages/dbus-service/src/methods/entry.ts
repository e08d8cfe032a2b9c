// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory, Plan } from '@vgpu/core';
import type { PolkitAction } from '../auth/polkit-actions.js';
import type { ArgumentsOf, InterfaceName, MethodName, OptionsOf, ResultOf } from '../protocol/members.js';

/** A call of a changing method against one inventory, with checked argument types. */
export interface ChangeInput<I extends InterfaceName, M extends MethodName<I>> {
  readonly inventory: Inventory;
  /** The object it was called on. */
  readonly path: string;
  readonly args: ArgumentsOf<I, M>;
  readonly options: OptionsOf<I, M>;
}

/** What a change will do, and what its caller gets. */
export interface PlannedChange<R> {
  readonly plan: Plan;
  readonly result: R;
}

/** A method that changes the host: refused without the action, and always a plan. */
export interface ChangingMethod<I extends InterfaceName, M extends MethodName<I>> {
  readonly kind: 'change';
  readonly action: PolkitAction;
  /** What polkit is told about the object. @throws DeviceError NotFound */
  details(input: ChangeInput<I, M>): Readonly<Record<string, string>>;
  /** @throws DeviceError */
  plan(input: ChangeInput<I, M>): PlannedChange<ResultOf<I, M>>;
}

/** A method that everybody may call; see open-methods.ts. */
export interface OpenMethod {
  readonly kind: 'open';
}

export type MethodEntry<I extends InterfaceName, M extends MethodName<I>> = OpenMethod | ChangingMethod<I, M>;

/** Every method of an interface, once. */
export type InterfaceMethods<I extends InterfaceName> = { readonly [M in MethodName<I>]: MethodEntry<I, M> };
