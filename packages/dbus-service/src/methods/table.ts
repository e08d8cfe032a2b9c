// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Inventory, Uuid } from '@vgpu/core';
import type { PolkitAction } from '../auth/polkit-actions.js';
import type { Operation } from '../operations/operation.js';
import type { InterfaceName } from '../protocol/members.js';
import { domainMethods } from './domain-methods.js';
import type { InterfaceMethods, OpenHost, PlannedChange } from './entry.js';
import { gpuMethods } from './gpu-methods.js';
import { managerMethods } from './manager-methods.js';
import { operationMethods } from './operation-methods.js';
import { vgpuMethods } from './vgpu-methods.js';

/** Every method there is, with what it needs. A method that is not here does not compile, and is refused. */
export const methodTable = {
  'me.phyllo.Vgpu1.Manager': managerMethods,
  'me.phyllo.Vgpu1.Gpu': gpuMethods,
  'me.phyllo.Vgpu1.VgpuType': {},
  'me.phyllo.Vgpu1.PciDevice': {},
  'me.phyllo.Vgpu1.IommuGroup': {},
  'me.phyllo.Vgpu1.MdevParent': {},
  'me.phyllo.Vgpu1.Vgpu': vgpuMethods,
  'me.phyllo.Vgpu1.Domain': domainMethods,
  'me.phyllo.Vgpu1.Operation': operationMethods,
} as const satisfies { readonly [I in InterfaceName]: InterfaceMethods<I> };

/** A changing method after its types are checked against the contract at run time. */
export interface AnyChangingMethod {
  readonly kind: 'change';
  readonly action: PolkitAction;
  readonly reads?: 'domains' | 'last-seen';
  details(input: AnyChangeInput): Readonly<Record<string, string>>;
  refused(details: Readonly<Record<string, string>>, args: readonly unknown[]): string;
  plan(input: AnyChangeInput): PlannedChange<readonly unknown[]>;
}

/** An open method after the same check. */
export interface AnyOpenMethod {
  readonly kind: 'open';
  run(
    call: { readonly args: readonly unknown[]; readonly sender: string },
    host: OpenHost,
  ): Promise<readonly unknown[]>;
}

/** A method on an operation after the same check. */
export interface AnyOperationMethod {
  readonly kind: 'operation';
  run(operation: Operation): readonly unknown[];
}

type AnyMethod = AnyOpenMethod | AnyChangingMethod | AnyOperationMethod;

export interface AnyChangeInput {
  readonly inventory: Inventory;
  readonly path: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly newUuid: () => Uuid;
}

/** The table's line for a method; undefined is a refusal. */
export function findMethodEntry(name: InterfaceName, method: string): AnyMethod | undefined {
  const methods: Readonly<Record<string, unknown>> = methodTable[name];
  return Object.hasOwn(methods, method) ? (methods[method] as AnyMethod) : undefined;
}
