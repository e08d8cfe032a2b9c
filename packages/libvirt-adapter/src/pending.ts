// SPDX-License-Identifier: LGPL-2.1-or-later

/** What has to be read again: these, or everything. */
export type Due<Key> = ReadonlySet<Key> | 'everything';

/** Gathers what may have changed since it was last read; at first nothing was. */
export class Pending<Key> {
  #due: Set<Key> | 'everything' = 'everything';

  add(key: Key): void {
    if (this.#due !== 'everything') this.#due.add(key);
  }

  addEverything(): void {
    this.#due = 'everything';
  }

  /** Takes all of it, right before it is read: what comes later is for the next reading. */
  take(): Due<Key> {
    const due = this.#due;
    this.#due = new Set();
    return due;
  }

  /** After a reading that failed. */
  putBack(due: Due<Key>): void {
    if (due === 'everything') this.addEverything();
    else for (const key of due) this.add(key);
  }
}
