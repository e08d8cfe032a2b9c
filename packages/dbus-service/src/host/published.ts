// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InterfaceName, PropertiesOf } from '../protocol/members.js';
import { rootPath } from '../protocol/names.js';
import { BusError } from './bus-error.js';

/** One object's interfaces with the values of all their properties. */
export type PublishedObject = { readonly [I in InterfaceName]?: PropertiesOf<I> };

/** All objects by path, but for the root. */
export type PublishedObjects = ReadonlyMap<string, PublishedObject>;

/** The names of an object's interfaces, in the order in which it was made. */
export function interfacesOf(object: PublishedObject): readonly InterfaceName[] {
  return Object.keys(object) as InterfaceName[];
}

/** The object at a path; the root is there without interfaces of ours. @throws BusError UnknownObject */
export function requireObject(objects: PublishedObjects, path: string): PublishedObject {
  const object = objects.get(path) ?? (path === rootPath ? {} : undefined);
  if (object === undefined) throw new BusError('UnknownObject', `${path} does not exist`);
  return object;
}
