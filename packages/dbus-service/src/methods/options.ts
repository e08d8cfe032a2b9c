// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, quoteText } from '@vgpu/core';
import { BusError } from '../host/bus-error.js';
import { findMethod } from '../protocol/find-method.js';
import type { ContractMethod, TypedValue } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';

/**
 * The options of a call, unwrapped, by the contract.
 * @throws DeviceError InvalidArgument for an unknown option, and for one of another type
 */
export function readOptions(
  method: string,
  spec: ContractMethod,
  dictionary: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof dictionary !== 'object' || dictionary === null) {
    throw new DeviceError('InvalidArgument', `the options of ${method} are no dictionary`);
  }
  // Where Node runs without --disable-proto, a key `__proto__` has replaced the prototype instead.
  if (Object.getPrototypeOf(dictionary) !== Object.prototype) throw unknownOption(method, spec, '__proto__');
  const found: [string, unknown][] = [];
  for (const [name, value] of Object.entries(dictionary) as [string, TypedValue][]) {
    const type = Object.hasOwn(spec.options, name) ? spec.options[name] : undefined;
    if (type === undefined) throw unknownOption(method, spec, name);
    if (value.signature !== type) {
      const message = `option ${name} of ${method} has the type ${value.signature}: it takes ${type}`;
      throw new DeviceError('InvalidArgument', message, { details: { option: name } });
    }
    found.push([name, value.value]);
  }
  return Object.fromEntries(found);
}

/** A call of which the last argument is `options`. */
interface CallWithOptions {
  readonly interface: InterfaceName;
  readonly method: string;
  readonly args: readonly unknown[];
}

/**
 * The options for the planner, whether the caller's options allow a dialog, and the operation's id where he chose it.
 * @throws DeviceError InvalidArgument
 */
export function readCallOptions(call: CallWithOptions) {
  const spec = findMethod(call.interface, call.method);
  if (spec === undefined) throw new BusError('UnknownMethod', `${call.interface} has no method ${call.method}`);
  const {
    'auth.no_user_interaction': silent,
    operation_id: operationId,
    ...options
  } = readOptions(call.method, spec, call.args.at(-1));
  return { options, interactive: silent !== true, operationId: parseOperationId(operationId) };
}

/** @throws DeviceError InvalidArgument */
function parseOperationId(id: unknown): string | undefined {
  if (id === undefined) return undefined;
  if (typeof id === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(id)) return id;
  const message = 'operation_id has 1 to 64 letters, digits, ".", "_", ":" and "-", and nothing else';
  throw new DeviceError('InvalidArgument', message, { details: { option: 'operation_id' } });
}

function unknownOption(method: string, spec: ContractMethod, name: string): DeviceError {
  const known = Object.keys(spec.options).join(', ');
  const message = `${method} has no option ${quoteText(name)}: it knows ${known}`;
  return new DeviceError('InvalidArgument', message, { details: { option: name } });
}
