// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, quoteText } from '@vgpu/core';
import { findMethod } from '../protocol/find-method.js';
import type { PublishedObjects } from '../host/published.js';
import { contract } from '../protocol/contract.js';
import type { ArgumentsOf, InterfaceName } from '../protocol/members.js';
import { busName } from '../protocol/names.js';
import { findMethodEntry, type AnyChangingMethod } from './table.js';

/** The call that a preview is about. */
export interface PreviewRequest {
  readonly method: AnyChangingMethod;
  readonly call: {
    readonly path: string;
    readonly interface: InterfaceName;
    readonly method: string;
    readonly args: readonly unknown[];
  };
}

/**
 * Reads Preview's arguments (o object, s interface, s method, av arguments).
 * @throws DeviceError InvalidArgument, NotFound
 */
export function parsePreview(
  [path, interfaceName, method, values]: ArgumentsOf<'me.phyllo.Vgpu1.Manager', 'Preview'>,
  objects: PublishedObjects,
): PreviewRequest {
  const name = Object.hasOwn(contract, interfaceName) ? (interfaceName as InterfaceName) : undefined;
  const spec = name === undefined ? undefined : findMethod(name, method);
  const entry = name === undefined ? undefined : findMethodEntry(name, method);
  if (name === undefined || spec === undefined || entry?.kind !== 'change') {
    const fullName = `${busName}.${interfaceName}`;
    const hint = Object.hasOwn(contract, fullName) ? `: its full name is ${fullName}` : '';
    const message = `${quoteText(interfaceName)} has no changing method ${quoteText(method)}${hint}`;
    throw new DeviceError('InvalidArgument', message);
  }
  if (objects.get(path)?.[name] === undefined) {
    throw new DeviceError('NotFound', `${path} has no ${interfaceName}`, { details: { path } });
  }
  const given = values.map((value) => value.signature).join('');
  const expected = spec.in.map((arg) => arg.type).join('');
  if (given !== expected) {
    throw new DeviceError('InvalidArgument', `${method} takes the types "${expected}", not ${quoteText(given)}`);
  }
  return { method: entry, call: { path, interface: name, method, args: values.map((value) => value.value) } };
}
