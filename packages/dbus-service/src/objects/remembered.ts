// SPDX-License-Identifier: LGPL-2.1-or-later
import { isDeepStrictEqual } from 'node:util';

interface Entry<T> {
  readonly from: readonly unknown[];
  readonly value: T;
}

/** Values that were made before, by key, with what they were made from. */
export class Remembered<K, T> {
  #entries: Map<K, Entry<T>> = new Map();

  /** Goes through keys in order; a key that is not among them is forgotten. */
  renew(each: (remember: (key: K, from: readonly unknown[], make: () => T) => T) => void): void {
    const entries = new Map<K, Entry<T>>();
    each((key, from, make) => {
      const entry = next(this.#entries.get(key), from, make);
      entries.set(key, entry);
      return entry.value;
    });
    this.#entries = entries;
  }
}

/** The same value where it was made from the same objects, and where the new one says the same. */
function next<T>(before: Entry<T> | undefined, from: readonly unknown[], make: () => T): Entry<T> {
  if (before === undefined) return { from, value: make() };
  const isSame = before.from.length === from.length && before.from.every((item, index) => item === from[index]);
  if (isSame) return before;
  const value = make();
  return { from, value: isDeepStrictEqual(before.value, value) ? before.value : value };
}
