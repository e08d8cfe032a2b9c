// SPDX-License-Identifier: LGPL-2.1-or-later

interface User {
  running: number;
  /** Begin what waits, in order. */
  readonly waiting: (() => void)[];
}

/** Runs so much at a time, in all and of each user. Users take turns, however much somebody has waiting. */
export class FairSlots {
  readonly #max: number;
  readonly #maxPerUser: number;
  /** Those of whom something runs or waits; the first is next. */
  readonly #users = new Map<number, User>();
  #running = 0;

  constructor(max: number, maxPerUser: number) {
    this.#max = max;
    this.#maxPerUser = maxPerUser;
  }

  /** Settles as the work does, which begins when there is a slot. */
  async run<T>(user: number, work: () => Promise<T>): Promise<T> {
    const own = this.#users.get(user) ?? { running: 0, waiting: [] };
    this.#users.set(user, own);
    await new Promise<void>((begin) => {
      own.waiting.push(begin);
      this.#beginNext();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      own.running -= 1;
      if (own.running === 0 && own.waiting.length === 0) this.#users.delete(user);
      this.#beginNext();
    }
  }

  #beginNext(): void {
    if (this.#running >= this.#max) return;
    for (const [user, own] of this.#users) {
      const begin = own.running < this.#maxPerUser ? own.waiting.shift() : undefined;
      if (begin === undefined) continue;
      this.#users.delete(user);
      this.#users.set(user, own);
      this.#running += 1;
      own.running += 1;
      begin();
      return;
    }
  }
}
