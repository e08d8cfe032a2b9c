// SPDX-License-Identifier: LGPL-2.1-or-later
import { CallerLeftError } from './change-queue.js';
import { BusError } from './host/bus-error.js';
import { isAboutGoneCaller } from './host/messages.js';

/** Calls of one caller, and of all connections of one user, that are not answered yet. */
const maxCallsPerSender = 32;
const maxCallsPerUser = 128;

/** Keeps one user from filling the memory with calls that wait. */
export class CallLimit {
  readonly #userOf: (sender: string) => Promise<number>;
  readonly #senders = new Counter<string>();
  readonly #users = new Counter<number>();

  /** @param userOf number of a caller's user; rejects when it has left */
  constructor(userOf: (sender: string) => Promise<number>) {
    this.#userOf = userOf;
  }

  /** Runs the call, or refuses it. @throws BusError LimitsExceeded; CallerLeftError */
  run<T>(sender: string, call: (user: number) => Promise<T>): Promise<T> {
    return this.#senders.during(sender, maxCallsPerSender, sender, async () => {
      const user = await this.#userOf(sender).catch((error: unknown) => {
        throw isAboutGoneCaller(error) ? new CallerLeftError(sender) : error;
      });
      return this.#users.during(user, maxCallsPerUser, `user ${user}`, () => call(user));
    });
  }
}

class Counter<Key> {
  readonly #counts = new Map<Key, number>();

  async during<T>(key: Key, max: number, name: string, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(key) ?? 0;
    if (count >= max) throw new BusError('LimitsExceeded', `${count} calls of ${name} wait already`);
    this.#counts.set(key, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }
}
