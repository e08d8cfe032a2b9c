// SPDX-License-Identifier: LGPL-2.1-or-later
import { findMethod } from '../protocol/find-method.js';
import { methodTable } from '../methods/table.js';
import type { ContractMethod } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';
import { domainPath, gpuPath, vgpuPath } from './hosts.js';

export interface ListedMethod {
  readonly name: InterfaceName;
  readonly method: string;
  readonly action: string;
  readonly spec: ContractMethod;
}

/** Every changing method of the table. */
export function changingMethods(): readonly ListedMethod[] {
  return Object.entries(methodTable).flatMap(([name, entries]) =>
    Object.entries(entries).flatMap(([method, entry]) => {
      const spec = findMethod(name as InterfaceName, method);
      if (entry.kind !== 'change' || spec === undefined) return [];
      return [{ name: name as InterfaceName, method, action: entry.action, spec }];
    }),
  );
}

/** Arguments that fit each type, on objects that exist. */
export const argumentByType: Readonly<Record<string, unknown>> = {
  s: 'i915-GVTg_V5_4',
  o: vgpuPath,
  b: true,
  'a{sv}': {},
};
export const pathByInterface: Readonly<Record<string, string>> = {
  'me.phyllo.Vgpu1.Gpu': gpuPath,
  'me.phyllo.Vgpu1.Vgpu': vgpuPath,
  'me.phyllo.Vgpu1.Domain': domainPath,
};

/** Such arguments for a method. */
export function argumentsOf({ spec }: ListedMethod, options: unknown = {}): readonly unknown[] {
  return spec.in.map(({ type }) => (type === 'a{sv}' ? options : argumentByType[type]));
}
