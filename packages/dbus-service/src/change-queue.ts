// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';

/** Calls back once when a connection leaves the bus. @returns a function that ends the watch */
export type WatchDeparture = (sender: string, onGone: () => void) => () => void;

/** Who waits. */
export interface Waiter {
  /** Unique bus name. */
  readonly sender: string;
  /** Ends the wait. */
  readonly cancelled: AbortSignal;
}

interface Waiting {
  begin(): void;
  drop(reason: DeviceError): void;
}

/** Nothing was begun of a change, because whoever asked for it has left the bus. */
export class CallerLeftError extends DeviceError {
  constructor(sender: string) {
    super('Unavailable', `${sender} has left, and what it waited for is not done`);
  }
}

/** Runs changes of one host one after another, in the order in which they came. */
export class ChangeQueue {
  readonly #watchDeparture: WatchDeparture;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(watchDeparture: WatchDeparture) {
    this.#watchDeparture = watchDeparture;
  }

  /**
   * Settles as the change does. One that has begun goes on whatever its caller does.
   * @throws DeviceError Unavailable when the caller left, or the queue was closed, before it began; the signal's reason
   */
  run<T>({ sender, cancelled }: Waiter, change: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(stopping());
    if (cancelled.aborted) return Promise.reject(cancelled.reason);
    if (this.#running === undefined) return this.#start(change);
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown) => {
        const position = this.#waiting.indexOf(entry);
        if (position >= 0) this.#waiting.splice(position, 1);
        unwatch();
        cancelled.removeEventListener('abort', cancel);
        reject(reason);
      };
      const cancel = () => leave(cancelled.reason);
      const entry: Waiting = {
        begin: () => {
          unwatch();
          cancelled.removeEventListener('abort', cancel);
          resolve(this.#start(change));
        },
        drop: leave,
      };
      this.#waiting.push(entry);
      cancelled.addEventListener('abort', cancel);
      const unwatch = this.#watchDeparture(sender, () => leave(new CallerLeftError(sender)));
    });
  }

  /** Drops what waits; settles when the running change is over. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#waiting.splice(0)) entry.drop(stopping());
    await this.#running;
  }

  #start<T>(change: () => Promise<T>): Promise<T> {
    const result = change();
    this.#running = result.then(
      () => this.#next(),
      () => this.#next(),
    );
    return result;
  }

  #next(): void {
    this.#running = undefined;
    this.#waiting.shift()?.begin();
  }
}

export function stopping(): DeviceError {
  return new DeviceError('Unavailable', 'the service is stopping');
}
