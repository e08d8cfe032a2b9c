// SPDX-License-Identifier: LGPL-2.1-or-later
import { BusError } from './host/bus-error.js';

/** Calls of one caller that are not answered yet; the bus limits only those that expect an answer. */
const maxCallsPerSender = 32;

/** Keeps one caller from filling the memory with calls that wait. */
export class CallLimit {
  readonly #calls = new Map<string, number>();

  /** Runs the call, or refuses it. @throws BusError LimitsExceeded */
  async run<T>(sender: string, call: () => Promise<T>): Promise<T> {
    const waiting = this.#calls.get(sender) ?? 0;
    if (waiting >= maxCallsPerSender)
      throw new BusError('LimitsExceeded', `${waiting} calls of ${sender} wait already`);
    this.#calls.set(sender, waiting + 1);
    try {
      return await call();
    } finally {
      const left = (this.#calls.get(sender) ?? 1) - 1;
      if (left > 0) this.#calls.set(sender, left);
      else this.#calls.delete(sender);
    }
  }
}
