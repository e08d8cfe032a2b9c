// SPDX-License-Identifier: LGPL-2.1-or-later
import { isDeepStrictEqual } from 'node:util';
import type { TypedValue } from '../protocol/contract-types.js';
import type { InterfaceName } from '../protocol/members.js';
import { interfaces, managerPath, rootPath } from '../protocol/names.js';
import { arrange, type Part } from './arrange.js';
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
 * The signals that turn a client's copy of `before` into `after`: first what is new, then what changed, then what is
 * gone, so that no property ever names an object that the client does not know. That the objects are right is said when
 * they are, that they may be wrong before they change.
 */
export function diffObjects(before: PublishedObjects, after: PublishedObjects): readonly Signal[] {
  const fresh = arrange(partsOnlyIn(after, before), before);
  const gone = arrange(partsOnlyIn(before, after), after);
  const added = together(fresh).map(({ object, path, names }) =>
    managerSignal('InterfacesAdded', { signature: 'oa{sa{sv}}', values: [path, typedInterfaces(object, names)] }),
  );
  const removed = together(gone.toReversed()).map(({ path, names }) =>
    managerSignal('InterfacesRemoved', { signature: 'oas', values: [path, names] }),
  );
  const changed = [
    ...fresh.flatMap(({ path, name, object }) => diffProperties(path, name, object, after.get(path))),
    ...[...after].flatMap(([path, object]) => {
      // The builder gives the same object where nothing is new.
      if (before.get(path) === object || path === managerPath) return [];
      return interfacesOf(object).flatMap((name) => diffProperties(path, name, before.get(path), object));
    }),
    ...gone.flatMap(({ path, name, object }) => diffProperties(path, name, before.get(path), object)),
  ];
  const manager = diffProperties(managerPath, interfaces.manager, before.get(managerPath), after.get(managerPath));
  const signals = [...added, ...changed, ...removed];
  return getsWorse(before, after) ? [...manager, ...signals] : [...signals, ...manager];
}

function partsOnlyIn(objects: PublishedObjects, others: PublishedObjects): readonly Part[] {
  return [...objects].flatMap(([path, object]) => {
    const other = others.get(path);
    if (other === object) return [];
    return interfacesOf(object).flatMap((name) => (other?.[name] === undefined ? [{ path, name, object }] : []));
  });
}

interface Parts {
  readonly path: string;
  readonly names: readonly InterfaceName[];
  readonly object: PublishedObject;
}

/** One signal tells of all interfaces of an object that stand side by side. */
function together(parts: readonly Part[]): readonly Parts[] {
  const found: Parts[] = [];
  for (const { path, name, object } of parts) {
    const last = found.at(-1);
    if (last?.path !== path) found.push({ path, names: [name], object });
    else found.splice(-1, 1, { path, names: [...last.names, name], object: { ...last.object, [name]: object[name] } });
  }
  return found;
}

function getsWorse(before: PublishedObjects, after: PublishedObjects): boolean {
  const [old, now] = [before, after].map((objects) => objects.get(managerPath)?.[interfaces.manager]);
  if (old === undefined || now === undefined) return false;
  return (old.Connected && !now.Connected) || (!old.Stale && now.Stale);
}

function managerSignal(member: string, body: Body): Signal {
  return { path: rootPath, interface: objectManager, member, body };
}

/** None, or one. */
function diffProperties(
  path: string,
  name: InterfaceName,
  before: PublishedObject | undefined,
  after: PublishedObject | undefined,
): readonly Signal[] {
  if (before?.[name] === undefined || after?.[name] === undefined || before[name] === after[name]) return [];
  const changes: [string, TypedValue][] = [];
  for (const [property, { emits }] of Object.entries(propertySpecs(name))) {
    // One that never changes has nothing to tell; one whose changes are not signalled must not be.
    if (emits !== 'true') continue;
    const value = typedProperty(after, name, property);
    if (value === undefined) continue;
    if (!isDeepStrictEqual(value.value, typedProperty(before, name, property)?.value)) changes.push([property, value]);
  }
  if (changes.length === 0) return [];
  const body = { signature: 'sa{sv}as', values: [name, Object.fromEntries(changes), []] };
  return [{ path, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', body }];
}
