// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InterfaceName } from '../protocol/members.js';
import { propertySpecs } from './properties.js';
import type { PublishedObject } from './published.js';

/** An interface of an object that clients do not know yet, or shall not know any more. */
export interface Part {
  readonly path: string;
  readonly name: InterfaceName;
  readonly object: PublishedObject;
}

/** Each may name those of the ones before it for good: a property that never changes cannot be told later. */
const ranks: Readonly<Record<InterfaceName, number>> = {
  'me.phyllo.Vgpu1.IommuGroup': 0,
  'me.phyllo.Vgpu1.PciDevice': 1,
  'me.phyllo.Vgpu1.Gpu': 2,
  'me.phyllo.Vgpu1.VgpuType': 3,
  'me.phyllo.Vgpu1.MdevParent': 4,
  'me.phyllo.Vgpu1.Vgpu': 5,
  'me.phyllo.Vgpu1.Domain': 6,
  'me.phyllo.Vgpu1.Manager': 7,
  'me.phyllo.Vgpu1.Operation': 8,
};

/**
 * The parts in the order in which clients can get to know them, each without the names of objects that come after it:
 * its object is the same one where that leaves nothing out. Backwards it is the order in which they can go.
 * @param known the paths that clients know before the first and after the last of them
 */
export function arrange(parts: readonly Part[], known: { has(path: string): boolean }): readonly Part[] {
  const shown = new Set<string>();
  return parts
    .toSorted((a, b) => ranks[a.name] - ranks[b.name])
    .map(({ path, name, object }) => {
      shown.add(path);
      return { path, name, object: withoutUnknown(object, name, (named) => known.has(named) || shown.has(named)) };
    });
}

function withoutUnknown(
  object: PublishedObject,
  name: InterfaceName,
  isKnown: (path: string) => boolean,
): PublishedObject {
  const values: Readonly<Record<string, unknown>> = object[name] ?? {};
  const held: Record<string, unknown> = {};
  for (const [property, { type, emits }] of Object.entries(propertySpecs(name))) {
    if (emits !== 'true') continue;
    const value = values[property];
    if (type === 'ao') {
      const paths = value as readonly string[];
      if (!paths.every(isKnown)) held[property] = paths.filter(isKnown);
    } else if (type === 'o' && value !== '/' && !isKnown(String(value))) {
      held[property] = '/';
    }
  }
  return Object.keys(held).length === 0 ? object : { ...object, [name]: { ...values, ...held } };
}
