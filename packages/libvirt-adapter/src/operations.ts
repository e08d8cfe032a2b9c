// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { open, type Connection } from '@vgpu/libvirt';
import { codeOfError } from './errors.js';
import { keepAlive } from './link.js';
import { settledWithin, tooLate } from './wait.js';

const openTimeoutMs = 10_000;
const closeTimeoutMs = 1_000;

/**
 * A read-write connection for each change and each preview, so that none ever waits behind another one: libvirt's client
 * allows one call at a time on a connection, and a call to a QEMU that does not answer never returns. Opening and
 * closing one costs some milliseconds; a connection whose call hangs is left alone and closes when the call returns.
 */
export class Operations {
  readonly #connections = new Set<Connection>();
  #closed = false;

  /** @throws DeviceError Unavailable or NotAuthorized when there is no connection, else as `act`. */
  async run<T>(uri: string, act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#open(uri);
    try {
      return await act(connection);
    } finally {
      // Not awaited: it waits for a call that hangs.
      void this.#close(connection);
    }
  }

  /** Waits for changes under way, but not for one that libvirt does not answer. */
  async close(): Promise<void> {
    this.#closed = true;
    await settledWithin(
      Promise.all([...this.#connections].map((connection) => this.#close(connection))),
      closeTimeoutMs,
    );
  }

  async #open(uri: string): Promise<Connection> {
    if (this.#closed) throw unreachable();
    const opening = open(uri, { keepAlive });
    let connection: Connection | typeof tooLate;
    try {
      connection = await settledWithin(opening, openTimeoutMs);
    } catch (error) {
      throw unreachable(error);
    }
    if (connection === tooLate) {
      opening.then((late) => late.close()).catch(() => undefined);
      throw unreachable();
    }
    this.#connections.add(connection);
    if (!this.#closed) return connection;
    void this.#close(connection);
    throw unreachable();
  }

  async #close(connection: Connection): Promise<void> {
    try {
      await connection.close();
    } catch {
      // It was lost: there is nothing left to close.
    } finally {
      this.#connections.delete(connection);
    }
  }
}

function unreachable(cause?: unknown): DeviceError {
  return codeOfError(cause) === 'NotAuthorized'
    ? new DeviceError('NotAuthorized', 'libvirt does not allow a connection that may change something', { cause })
    : new DeviceError('Unavailable', 'libvirt cannot be reached', { cause });
}
