// SPDX-License-Identifier: LGPL-2.1-or-later
import { findMethod } from '../protocol/find-method.js';
import { methodTable } from '../methods/table.js';
import type { ContractMethod } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';

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
