// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ContractArgument, ContractMethod } from '../protocol/contract-types.js';
import { findMethod } from '../protocol/find-method.js';
import type { InterfaceName } from '../protocol/members.js';
import type { Log } from '../log.js';
import { toErrorAnswer } from './answer-error.js';
import type { Answer, CallHeader, ErrorAnswer, IncomingCall, UndecodedCall } from './messages.js';
import { BusError } from './bus-error.js';
import { interfacesOf, requireObject, type PublishedObjects } from './published.js';
import { standardMethods, type StandardMethod } from './standard-methods.js';

/** The largest body of a call of D-Bus's own methods that is decoded, in bytes: they take a name or two. */
const maxStandardBodyLength = 4 * 1024;

/** They change nothing, so that without an answer there is nothing to do. Nobody gets to see it. */
const unasked: ErrorAnswer = { errorName: 'org.freedesktop.DBus.Error.NoReply', message: 'no answer was wanted' };

/** A call of one of our own methods on an object that exists, with arguments of the right types. */
export interface MethodCall {
  readonly path: string;
  readonly interface: InterfaceName;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly sender: string;
  readonly interactive: boolean;
}

export interface DispatchTarget {
  objects(): PublishedObjects;
  /** The method's results in order. @throws DeviceError, BusError */
  callMethod(call: MethodCall): Promise<readonly unknown[]>;
  readonly log: Log;
}

/**
 * Looks at a call before its body is decoded, which costs far more than its bytes.
 * @returns the error for a call that no arguments would make right, or to which nobody wants the answer
 */
export function refuse(call: UndecodedCall, target: Pick<DispatchTarget, 'objects' | 'log'>): ErrorAnswer | undefined {
  try {
    const { kind } = route(call, target.objects());
    if (kind === 'own') return undefined;
    if (!call.replyExpected) return unasked;
    if (call.bodyLength <= maxStandardBodyLength) return undefined;
    const text = `the arguments have ${call.bodyLength} bytes: ${call.member} takes ${maxStandardBodyLength} at most`;
    throw new BusError('LimitsExceeded', text);
  } catch (error) {
    return toErrorAnswer(error, target.log);
  }
}

/** Answers every call that can arrive; never rejects. */
export async function dispatch(call: IncomingCall, target: DispatchTarget): Promise<Answer> {
  try {
    const found = route(call, target.objects());
    const { path, args, sender, interactive } = call;
    if (found.kind === 'standard') return await found.method.run(target.objects(), path, args);
    const { name, spec } = found;
    const values = await target.callMethod({ path, interface: name, method: call.member, args, sender, interactive });
    return { signature: typesOf(spec.out), values };
  } catch (error) {
    return toErrorAnswer(error, target.log);
  }
}

type Route =
  | { readonly kind: 'standard'; readonly method: StandardMethod }
  | { readonly kind: 'own'; readonly name: InterfaceName; readonly spec: ContractMethod };

/** @throws BusError */
function route(call: CallHeader, objects: PublishedObjects): Route {
  return routeStandard(call) ?? routeOwn(call, objects);
}

function routeStandard(call: CallHeader): Route | undefined {
  for (const [name, methods] of Object.entries(standardMethods)) {
    if (call.interface !== undefined && call.interface !== name) continue;
    const method = Object.hasOwn(methods, call.member) ? methods[call.member] : undefined;
    if (method === undefined) {
      if (call.interface === undefined) continue;
      throw unknownMethod(call);
    }
    if (call.signature !== method.signature) throw wrongSignature(call, method.signature);
    return { kind: 'standard', method };
  }
  return undefined;
}

function routeOwn(call: CallHeader, objects: PublishedObjects): Route {
  const object = requireObject(objects, call.path);
  const names = interfacesOf(object).filter((name) => call.interface === undefined || call.interface === name);
  if (names.length === 0 && call.interface !== undefined) {
    throw new BusError('UnknownInterface', `${call.path} has no interface ${call.interface}`);
  }
  const name = names.find((candidate) => findMethod(candidate, call.member) !== undefined);
  const spec = name === undefined ? undefined : findMethod(name, call.member);
  if (name === undefined || spec === undefined) throw unknownMethod(call);
  const signature = typesOf(spec.in);
  if (call.signature !== signature) throw wrongSignature(call, signature);
  return { kind: 'own', name, spec };
}

function typesOf(args: readonly ContractArgument[]): string {
  return args.map((arg) => arg.type).join('');
}

function unknownMethod(call: CallHeader): BusError {
  return new BusError('UnknownMethod', `${call.interface ?? call.path} has no method ${call.member}`);
}

function wrongSignature(call: CallHeader, expected: string): BusError {
  return new BusError('InvalidArgs', `${call.member} takes the types "${expected}", not "${call.signature}"`);
}
