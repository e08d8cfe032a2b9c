// SPDX-License-Identifier: LGPL-2.1-or-later
import { contract } from '../protocol/contract.js';
import type { ContractInterface, Dictionary, TypedValue } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';
import { interfacesOf, type PublishedObject } from './published.js';

/** What the contract says about an interface's properties. */
export function propertySpecs(name: InterfaceName): ContractInterface['properties'] {
  return contract[name].properties;
}

/** One property with its type; undefined where the interface has none of that name. */
export function typedProperty(object: PublishedObject, name: InterfaceName, property: string): TypedValue | undefined {
  const specs = propertySpecs(name);
  const values: Readonly<Record<string, unknown>> | undefined = object[name];
  const spec = Object.hasOwn(specs, property) ? specs[property] : undefined;
  if (values === undefined || spec === undefined) return undefined;
  return { signature: spec.type, value: values[property] };
}

/** All properties of one interface, type `a{sv}`. */
export function typedProperties(object: PublishedObject, name: InterfaceName): Dictionary {
  const entries: [string, TypedValue][] = [];
  for (const property of Object.keys(propertySpecs(name))) {
    const value = typedProperty(object, name, property);
    if (value !== undefined) entries.push([property, value]);
  }
  return Object.fromEntries(entries);
}

/** All interfaces of an object, type `a{sa{sv}}`. */
export function typedInterfaces(
  object: PublishedObject,
  names: readonly InterfaceName[] = interfacesOf(object),
): Readonly<Record<string, Dictionary>> {
  return Object.fromEntries(names.map((name) => [name, typedProperties(object, name)]));
}
