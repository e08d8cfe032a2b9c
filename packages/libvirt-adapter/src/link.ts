// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { open, type Connection } from '@vgpu/libvirt';
import { settledWithin, tooLate } from './wait.js';

const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
const closeTimeoutMs = 1_000;
/** How long a connection may be away that is replaced, until that counts as lost. */
const replaceTimeoutMs = 5_000;
/** Shows a stopped daemon after 15 to 20 s. */
export const keepAlive = { intervalSeconds: 5, count: 3 };

export interface LinkOptions {
  readonly uri: string;
  readonly readOnly: boolean;
  /** Prepares a fresh connection, for example with subscriptions; when it rejects the connection counts as lost. */
  readonly prepare?: ((connection: Connection) => Promise<void>) | undefined;
  /** Called after every change of `isUp`, and when a connection took another one's place: events may be missing. */
  readonly onUpOrDown: () => void;
}

/**
 * One connection to a libvirt daemon that opens again whenever it is lost, until `close`. One on which a call hangs is
 * replaced by a new one.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #attempted: Promise<void>;
  #connection: Connection | undefined;
  /** Settles when the replacement is there, or is not. */
  #replacement: Promise<void> | undefined;
  #replaced: () => void = () => {};
  #closed = false;
  #wake: () => void = () => {};
  #failure: unknown;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#attempted = new Promise((resolve) => void this.#run(resolve));
  }

  /** Settles after the first attempt to open, however it ended. */
  get attempted(): Promise<void> {
    return this.#attempted;
  }

  get isUp(): boolean {
    return this.#connection !== undefined || this.#replacement !== undefined;
  }

  /**
   * Reads something. A connection that does not answer in time is replaced.
   * @param what for the message: `the domains could not be listed`
   * @throws DeviceError Unavailable when there is no connection or no answer in time, else as `read`
   */
  async read<T>(read: (connection: Connection) => Promise<T>, timeoutMs: number, what: string): Promise<T> {
    const result = await this.attempt(read, timeoutMs);
    if (result === tooLate) throw new DeviceError('Unavailable', `${what}: libvirt does not answer`);
    return result;
  }

  /**
   * The same, for a reading that may hang alone: `tooLate` when there was no answer in time.
   * @throws DeviceError Unavailable when there is no connection, else as `read`
   */
  async attempt<T>(read: (connection: Connection) => Promise<T>, timeoutMs: number): Promise<T | typeof tooLate> {
    await this.#replacement;
    const connection = this.#connection;
    if (connection === undefined) {
      throw new DeviceError('Unavailable', 'libvirt cannot be reached', { cause: this.#failure });
    }
    const result = await settledWithin(read(connection), timeoutMs);
    if (result === tooLate) this.#replace(connection);
    return result;
  }

  /** Waits for calls in flight, but not for one that libvirt does not answer. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    const connection = this.#connection;
    this.#connection = undefined;
    this.#endReplacement();
    if (connection !== undefined) await settledWithin(connection.close().catch(ignore), closeTimeoutMs);
  }

  #replace(connection: Connection): void {
    if (this.#connection !== connection || this.#closed) return;
    this.#connection = undefined;
    this.#replacement = new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#endReplacement();
        this.#options.onUpOrDown();
      }, replaceTimeoutMs);
      this.#replaced = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake();
  }

  #endReplacement(): void {
    this.#replacement = undefined;
    this.#replaced();
  }

  /** Never rejects. */
  async #run(attempted: () => void): Promise<void> {
    for (let backoffMs = firstBackoffMs; !this.#closed; backoffMs = Math.min(backoffMs * 2, longestBackoffMs)) {
      const connection = await this.#open();
      attempted();
      this.#connection = connection;
      const wasUp = this.#replacement !== undefined;
      this.#endReplacement();
      if (connection !== undefined || wasUp) this.#options.onUpOrDown();
      if (connection !== undefined) {
        await this.#untilLost(connection);
        if (this.#closed) return;
        this.#connection = undefined;
        backoffMs = firstBackoffMs / 2;
        // Not awaited: the new connection need not wait for the old one's thread.
        connection.close().catch(ignore);
        if (this.#replacement !== undefined) continue;
        this.#options.onUpOrDown();
      }
      await this.#pause(connection === undefined ? backoffMs : firstBackoffMs);
    }
  }

  async #open(): Promise<Connection | undefined> {
    let connection: Connection | undefined;
    try {
      connection = await open(this.#options.uri, { readOnly: this.#options.readOnly, keepAlive });
      if (!this.#closed) await this.#options.prepare?.(connection);
      if (!this.#closed && connection.state === 'open') return connection;
    } catch (error) {
      this.#failure = error;
    }
    connection?.close().catch(ignore);
    return undefined;
  }

  #untilLost(connection: Connection): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      connection.onClose(() => resolve());
      if (connection.state !== 'open' || this.#closed) resolve();
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Who closes a connection wants to hear nothing more of it. */
function ignore(): void {}
