// SPDX-License-Identifier: LGPL-2.1-or-later
import { BusError } from './bus-error.js';

/** Calls of one caller that wait for their turn; as many as the system bus lets wait for an answer, and more. */
const maxWaitingPerSender = 256;

/** Lets callers take turns, one call each, however many calls somebody has sent at once. */
export class FairTurns {
  /** What waits, by caller; the first of the map is next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #running = false;

  /** Begins the work when it is the caller's turn; at once when nobody waits. @throws BusError LimitsExceeded */
  run<T>(sender: string, work: () => Promise<T>): Promise<T> {
    if (!this.#running) {
      this.#letInput();
      return work();
    }
    const own = this.#waiting.get(sender) ?? [];
    if (own.length >= maxWaitingPerSender) {
      return Promise.reject(new BusError('LimitsExceeded', `${own.length} calls of ${sender} wait already`));
    }
    this.#waiting.set(sender, own);
    return new Promise((resolve) => own.push(() => resolve(work())));
  }

  /** The answer that was begun is written, and what has arrived meanwhile is read, before the next turn. */
  #letInput(): void {
    this.#running = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#running = false;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [sender, own] = first;
    this.#waiting.delete(sender);
    const begin = own.shift();
    // Whoever has more goes to the end.
    if (own.length > 0) this.#waiting.set(sender, own);
    this.#letInput();
    begin?.();
  }
}
