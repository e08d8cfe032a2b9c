// SPDX-License-Identifier: LGPL-2.1-or-later
import { contract } from './contract.js';
import type { ContractInterface, ContractMethod } from './contract-types.js';
import type { InterfaceName } from './members.js';

/** What the contract says about a method; undefined where the interface has none of that name. */
export function findMethod(name: InterfaceName, method: string): ContractMethod | undefined {
  const methods: ContractInterface['methods'] = contract[name].methods;
  return Object.hasOwn(methods, method) ? methods[method] : undefined;
}
