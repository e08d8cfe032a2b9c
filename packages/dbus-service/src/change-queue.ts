// SPDX-License-Identifier: LGPL-2.1-or-later

/** Runs changes of one host one after another, in the order in which they came. */
export class ChangeQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as the change does. */
  run<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Settles when every change that was given before is over. */
  async drained(): Promise<void> {
    await this.#last;
  }
}
