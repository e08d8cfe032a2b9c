// SPDX-License-Identifier: LGPL-2.1-or-later

/** A port's last listing, for `listChanged`: it is read anew only when the port's host told of a change. */
export class LastListing<T> {
  readonly #read: () => T;
  #last: { readonly listing: T } | undefined;

  constructor(read: () => T) {
    this.#read = read;
  }

  all(): T {
    const listing = this.#read();
    this.#last = { listing };
    return listing;
  }

  changed(): T {
    return this.#last === undefined ? this.all() : this.#last.listing;
  }

  /** Something changed, and somebody is told. */
  forget(): void {
    this.#last = undefined;
  }
}
