// SPDX-License-Identifier: LGPL-2.1-or-later
// How a new picture of a host keeps the objects of the one before.
import { compareNaturally } from './natural-order.js';

/** The object before, when every field of both is the same value or the same object. */
export function unlessEqualFields<T extends object>(before: T | undefined, after: T): T {
  if (before === undefined) return after;
  const keys = Object.keys(after) as (keyof T)[];
  const isEqual =
    keys.length === Object.keys(before).length &&
    keys.every((key) => key in before && Object.is(before[key], after[key]));
  return isEqual ? before : after;
}

/** The list before, when both hold the same values in the same order. */
export function unlessEqualItems<T>(before: readonly T[] | undefined, after: readonly T[]): readonly T[] {
  const isEqual = before?.length === after.length && after.every((item, index) => item === before[index]);
  return isEqual ? before : after;
}

/** The map before, when both hold the same objects in the same order. */
export function unlessEqualMap<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (before.size !== after.size) return after;
  const entries = before.entries();
  for (const [key, value] of after) {
    const known = entries.next().value;
    if (known === undefined || known[0] !== key || known[1] !== value) return after;
  }
  return before;
}

/** Above this share of new keys sorting all is as cheap. */
const fewShare = 1 / 8;

/**
 * The items in natural order of their keys; of two with the same key the one that is listed first comes first.
 * Comparing keys costs far more than looking them up: where most are known their order is taken over.
 * @param known keys in natural order
 */
export function inNaturalOrder<T, K extends string>(
  items: readonly T[],
  keyOf: (item: T) => K,
  known: Iterable<K> = [],
): readonly T[] {
  const byKey = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [item]);
    else same.push(item);
  }
  const keys: K[] = [];
  const fresh = new Set(byKey.keys());
  for (const key of known) if (fresh.delete(key)) keys.push(key);
  const ordered =
    fresh.size > keys.length * fewShare ? [...byKey.keys()].toSorted(compareNaturally) : insertInOrder(keys, fresh);
  return ordered.flatMap((key) => byKey.get(key) ?? []);
}

/** @param ordered in natural order */
function insertInOrder<K extends string>(ordered: readonly K[], fresh: Iterable<K>): readonly K[] {
  const keys = [...ordered];
  for (const key of fresh) {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareNaturally(keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    keys.splice(low, 0, key);
  }
  return keys;
}
