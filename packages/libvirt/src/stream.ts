// SPDX-License-Identifier: LGPL-2.1-or-later
import { Duplex } from 'node:stream';
import { settle } from './errors.js';
import { addListener, removeListener } from './events.js';
import { native, type StreamHandle } from './native.js';

const chunkSize = 65_536;

/**
 * A domain's console or channel as a Node stream of bytes: reading asks libvirt only when somebody wants data, and
 * `destroy` disconnects. `end` ends only the writing. When the connection is lost, or closed, it fails or closes too.
 */
export class DomainStream extends Duplex {
  #handle: StreamHandle | undefined;
  readonly #token: number;
  readonly #ended: () => void;
  #wantsData = false;
  #receiving = false;
  #receiveAgain = false;
  #unsent: { readonly chunk: Buffer; readonly callback: (error?: Error | null) => void } | undefined;
  #sending = false;
  #sendAgain = false;

  private constructor(ended: () => void) {
    super({ allowHalfOpen: false });
    this.#ended = ended;
    this.#token = addListener(() => this.#possible());
  }

  /** @internal Use `Domain.openConsole` and `Domain.openChannel`. `ended` is called once, when nothing is left of it. */
  static async open(start: (token: number) => Promise<StreamHandle>, ended: () => void): Promise<DomainStream> {
    const stream = new DomainStream(ended);
    try {
      stream.#handle = await start(stream.#token);
      return stream;
    } catch (error) {
      removeListener(stream.#token);
      throw error;
    }
  }

  override _read(): void {
    this.#wantsData = true;
    void this.#receive();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#unsent = { chunk, callback };
    void this.#send();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    removeListener(this.#token);
    if (this.#handle !== undefined) native.streamRelease(this.#handle);
    this.#handle = undefined;
    this.#ended();
    callback(error);
  }

  /** libvirt says that something is possible now, and says nothing more until it is asked. */
  #possible(): void {
    if (this.#wantsData) void this.#receive();
    if (this.#unsent !== undefined) void this.#send();
  }

  async #receive(): Promise<void> {
    if (this.#receiving) {
      this.#receiveAgain = true;
      return;
    }
    this.#receiving = true;
    try {
      while (this.#wantsData && this.#handle !== undefined) {
        this.#receiveAgain = false;
        const chunk = await settle(native.streamReceive(this.#handle));
        if (this.#handle === undefined) return;
        if (chunk === null) {
          if (!this.#receiveAgain) return;
        } else {
          this.#wantsData = this.push(chunk.length === 0 ? null : chunk) && chunk.length > 0;
        }
      }
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.#receiving = false;
    }
  }

  async #send(): Promise<void> {
    if (this.#sending) {
      this.#sendAgain = true;
      return;
    }
    this.#sending = true;
    try {
      while (this.#unsent !== undefined && this.#handle !== undefined) {
        this.#sendAgain = false;
        const { chunk, callback } = this.#unsent;
        const sent = await settle(native.streamSend(this.#handle, chunk.subarray(0, chunkSize)));
        if (sent === null) {
          if (!this.#sendAgain) return;
        } else if (sent < chunk.length) {
          this.#unsent = { chunk: chunk.subarray(sent), callback };
        } else {
          this.#unsent = undefined;
          this.#sending = false;
          callback();
          return;
        }
      }
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.#sending = false;
    }
  }
}
