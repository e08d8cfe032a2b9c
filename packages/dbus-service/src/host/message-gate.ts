// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  align,
  fixedHeaderLength,
  HeaderError,
  readFixedHeader,
  readMessageHeader,
  type FixedHeader,
  type MessageHeader,
} from './message-header.js';

/** Our own calls' headers have some hundred bytes; a path alone could have millions. */
const maxFieldsLength = 16 * 1024;

export interface MessageGateOptions {
  /** Whether the body may be decoded. It must not throw. */
  admit(header: MessageHeader): boolean;
  /** Takes one admitted message, whole; its bytes are good for this call alone. It must not throw. */
  deliver(message: Buffer, header: MessageHeader): void;
  /** A message that could not even be refused, because nobody knows whose it is. */
  onUnreadable(reason: string): void;
}

/** Cuts a stream into messages. The body of one that is not admitted is passed over as it comes, and never kept. */
export class MessageGate {
  readonly #options: MessageGateOptions;
  #pending: Buffer = Buffer.alloc(0);
  #skip = 0;
  /** The header that was admitted already, while its body is not there yet. */
  #admitted: MessageHeader | undefined;

  constructor(options: MessageGateOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#step());
    // What is left is less than a message, but would keep the whole chunk in memory.
    if (this.#pending.length > 0 && this.#pending.length < chunk.length) this.#pending = Buffer.from(this.#pending);
  }

  /** @returns whether there may be more to do with what is pending */
  #step(): boolean {
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, this.#pending.length);
      this.#skip -= skipped;
      this.#pending = this.#pending.subarray(skipped);
      return this.#skip === 0;
    }
    if (this.#pending.length < fixedHeaderLength) return false;
    const fixed = readFixedHeader(this.#pending);
    const headerLength = fixedHeaderLength + align(fixed.fieldsLength, 8);
    const length = headerLength + fixed.bodyLength;
    if (this.#admitted === undefined) {
      if (fixed.fieldsLength > maxFieldsLength) {
        this.#options.onUnreadable(`a header of ${fixed.fieldsLength} bytes`);
        this.#skip = length;
        return true;
      }
      if (this.#pending.length < headerLength) return false;
      this.#admitted = this.#admit(fixed);
      if (this.#admitted === undefined) {
        this.#skip = length;
        return true;
      }
    }
    if (this.#pending.length < length) return false;
    const message = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    const header = this.#admitted;
    this.#admitted = undefined;
    this.#options.deliver(message, header);
    return true;
  }

  #admit(fixed: FixedHeader): MessageHeader | undefined {
    const fields = this.#pending.subarray(fixedHeaderLength, fixedHeaderLength + fixed.fieldsLength);
    try {
      const header = readMessageHeader(fixed, fields);
      return this.#options.admit(header) ? header : undefined;
    } catch (error) {
      if (!(error instanceof HeaderError)) throw error;
      this.#options.onUnreadable(error.message);
      return undefined;
    }
  }
}
