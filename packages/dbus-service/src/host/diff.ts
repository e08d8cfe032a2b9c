// SPDX-License-Identifier: LGPL-2.1-or-later
import { isDeepStrictEqual } from 'node:util';
import type { TypedValue } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';
import { rootPath } from '../protocol/names.js';
import type { Body } from './messages.js';
import { propertySpecs, typedInterfaces, typedProperty } from './properties.js';
import { interfacesOf, type PublishedObject, type PublishedObjects } from './published.js';

/** A signal to broadcast. */
export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: Body;
}

const objectManager = 'org.freedesktop.DBus.ObjectManager';

/**
 * The signals that turn a client's copy of `before` into `after`: first what is gone, then what is new, then what
 * changed, so that no changed property names an object that a client has not heard of.
 */
export function diffObjects(before: PublishedObjects, after: PublishedObjects): readonly Signal[] {
  const removed: Signal[] = [];
  const added: Signal[] = [];
  const changed: Signal[] = [];
  for (const [path, object] of before) {
    if (after.get(path) === object) continue;
    const gone = interfacesOf(object).filter((name) => after.get(path)?.[name] === undefined);
    if (gone.length > 0) removed.push(managerSignal('InterfacesRemoved', { signature: 'oas', values: [path, gone] }));
  }
  for (const [path, object] of after) {
    const old = before.get(path);
    // The builder gives the same object where nothing is new.
    if (old === object) continue;
    const names = interfacesOf(object);
    const fresh = names.filter((name) => old?.[name] === undefined);
    if (fresh.length > 0) {
      const body = { signature: 'oa{sa{sv}}', values: [path, typedInterfaces(object, fresh)] };
      added.push(managerSignal('InterfacesAdded', body));
    }
    if (old === undefined) continue;
    for (const name of names) {
      const signal = old[name] === undefined ? undefined : diffProperties(path, name, old, object);
      if (signal !== undefined) changed.push(signal);
    }
  }
  return [...removed, ...added, ...changed];
}

function managerSignal(member: string, body: Body): Signal {
  return { path: rootPath, interface: objectManager, member, body };
}

function diffProperties(
  path: string,
  name: InterfaceName,
  before: PublishedObject,
  after: PublishedObject,
): Signal | undefined {
  if (before[name] === after[name]) return undefined;
  const changes: [string, TypedValue][] = [];
  for (const [property, { emits }] of Object.entries(propertySpecs(name))) {
    // One that never changes has nothing to tell; one whose changes are not signalled must not be.
    if (emits !== 'true') continue;
    const value = typedProperty(after, name, property);
    if (value === undefined) continue;
    if (!isDeepStrictEqual(value.value, typedProperty(before, name, property)?.value)) changes.push([property, value]);
  }
  if (changes.length === 0) return undefined;
  return {
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'PropertiesChanged',
    body: { signature: 'sa{sv}as', values: [name, Object.fromEntries(changes), []] },
  };
}
