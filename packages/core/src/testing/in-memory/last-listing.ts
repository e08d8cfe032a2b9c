// SPDX-License-Identifier: LGPL-2.1-or-later

/** A port's last listing, for `listChanged`: it is read anew only when the port's host told of a change. */
export class LastListing<T> {
  readonly #read: () => T;
  readonly #keep: (before: T, after: T) => T;
  #last: T | undefined;
  #isForgotten = true;

  /** @param keep the listing after, with the objects of the one before where they say the same */
  constructor(read: () => T, keep: (before: T, after: T) => T) {
    this.#read = read;
    this.#keep = keep;
  }

  all(): T {
    const listing = this.#read();
    this.#last = this.#last === undefined ? listing : this.#keep(this.#last, listing);
    this.#isForgotten = false;
    return this.#last;
  }

  changed(): T {
    return this.#last === undefined || this.#isForgotten ? this.all() : this.#last;
  }

  /** Something changed, and somebody is told. */
  forget(): void {
    this.#isForgotten = true;
  }
}

/** Each object of the list before that says the same as one of the list after; the whole list where all do. */
export function keepEqual<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const known = new Map(before.map((item) => [JSON.stringify(item), item]));
  const kept = after.map((item) => known.get(JSON.stringify(item)) ?? item);
  const isSame = kept.length === before.length && kept.every((item, index) => item === before[index]);
  return isSame ? before : kept;
}
