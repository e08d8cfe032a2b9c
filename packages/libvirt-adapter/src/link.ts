// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { open, type Connection } from '@vgpu/libvirt';
import { within } from './wait.js';

const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
const closeTimeoutMs = 1_000;
/** Shows a stopped daemon after 15 to 20 s. */
const keepAlive = { intervalSeconds: 5, count: 3 };

export interface LinkOptions {
  readonly uri: string;
  readonly readOnly: boolean;
  /** Prepares a fresh connection, for example with subscriptions; when it rejects the connection counts as lost. */
  readonly prepare?: ((connection: Connection) => Promise<void>) | undefined;
  /** Called after every change of `connection`. */
  readonly onUpOrDown: () => void;
}

/** One connection to a libvirt daemon that opens again whenever it is lost, until `close`. */
export class Link {
  readonly #options: LinkOptions;
  readonly #attempted: Promise<void>;
  #connection: Connection | undefined;
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
    return this.#connection !== undefined;
  }

  /** @throws DeviceError Unavailable while there is none. */
  get connection(): Connection {
    if (this.#connection === undefined) {
      throw new DeviceError('Unavailable', 'libvirt is not reachable', { cause: this.#failure });
    }
    return this.#connection;
  }

  /** Waits for calls in flight, but not for one that libvirt does not answer. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined)
      await within(connection.close(), closeTimeoutMs, 'the connection could not be closed').catch(ignore);
  }

  /** Never rejects. */
  async #run(attempted: () => void): Promise<void> {
    for (let backoffMs = firstBackoffMs; !this.#closed; backoffMs = Math.min(backoffMs * 2, longestBackoffMs)) {
      const connection = await this.#open();
      attempted();
      if (connection !== undefined) {
        this.#connection = connection;
        this.#options.onUpOrDown();
        await this.#untilLost(connection);
        if (this.#closed) return;
        this.#connection = undefined;
        backoffMs = firstBackoffMs / 2;
        this.#options.onUpOrDown();
        // Not awaited: the new connection need not wait for the old one's thread.
        connection.close().catch(ignore);
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
