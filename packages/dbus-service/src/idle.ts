// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Clock } from '@vgpu/core';
import type { WatchDeparture } from './change-queue.js';

/** Callers that are watched at one time: the system bus lets us have 512 match rules. */
const maxWatched = 128;
/** Callers that wait to be watched; as many as the system bus has connections. More are not remembered. */
const maxWaiting = 2048;

export interface IdleOptions {
  /** How long nobody must need us, in milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly watchDeparture: WatchDeparture;
  /** Whether there is something that must not be lost, besides clients and calls. */
  busy(): boolean;
}

/** Knows when nobody needs the service any more. A client is a connection that has called us and is still on the bus. */
export class IdleWatch {
  readonly #options: IdleOptions;
  /** What ends the watch of each client. */
  readonly #watched = new Map<string, () => void>();
  readonly #waiting = new Set<string>();
  #calls = 0;
  #lastUsec: bigint;

  constructor(options: IdleOptions) {
    this.#options = options;
    this.#lastUsec = options.clock.elapsedUsec();
  }

  /** Whether there is a client, a call or something else to do. */
  get needed(): boolean {
    return this.#watched.size > 0 || this.#calls > 0 || this.#options.busy();
  }

  /** Somebody has called, however that ends. */
  calledBy(sender: string): void {
    this.#touch();
    if (this.#watched.has(sender) || this.#waiting.has(sender)) return;
    if (this.#watched.size < maxWatched) this.#watch(sender);
    else if (this.#waiting.size < maxWaiting) this.#waiting.add(sender);
  }

  /** As long as this works, somebody needs us, even where whoever wanted it has left. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await work();
    } finally {
      this.#calls -= 1;
      this.#touch();
    }
  }

  #touch(): void {
    this.#lastUsec = this.#options.clock.elapsedUsec();
  }

  #watch(sender: string): void {
    // It tells of one that has left before, too.
    const unwatch = this.#options.watchDeparture(sender, () => this.#leave(sender));
    this.#watched.set(sender, unwatch);
  }

  #leave(sender: string): void {
    this.#watched.get(sender)?.();
    this.#watched.delete(sender);
    this.#touch();
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#watch(next);
  }

  /** Settles when nobody has needed us for so long. */
  async idle(): Promise<void> {
    const { clock, idleMs } = this.#options;
    for (;;) {
      const leftMs = idleMs - Number(clock.elapsedUsec() - this.#lastUsec) / 1000;
      if (leftMs > 0) await clock.delay(leftMs);
      else if (!this.needed) return;
      // A departure and the end of a call count from when they happen; this only looks again.
      else await clock.delay(idleMs);
    }
  }
}
