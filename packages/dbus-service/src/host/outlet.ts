// SPDX-License-Identifier: LGPL-2.1-or-later
import { BusError } from './bus-error.js';
import { messageType } from './message-header.js';
import { toWire } from './outgoing.js';
import { makeVariant, marshallMessage, Message, streamOf, type RawBus } from './raw-bus.js';
import type { Body } from './messages.js';

/** The system bus disconnects whoever sends a message of more than 32 MiB. */
const maxMessageLength = 30 * 1024 * 1024;
/** With more bytes that the bus has not taken yet, there is no room for an answer. */
const maxWaiting = 4 * 1024 * 1024;
const bodyLengthAt = 4;

/** The way out to the bus. */
export class Outlet {
  readonly #raw: RawBus;

  constructor(raw: RawBus) {
    this.#raw = raw;
  }

  /** Whether the bus takes what is sent. When not, the stream's `drain` tells when it does again. */
  get hasRoom(): boolean {
    return streamOf(this.#raw).writableLength <= maxWaiting;
  }

  /**
   * @param fields the message without its body, as dbus-next wants it
   * @returns the message's bytes
   * @throws OutgoingBodyError; BusError LimitsExceeded, since the bus would disconnect us
   */
  send(fields: object, { signature, values }: Body): number {
    const body = toWire(signature, values, makeVariant);
    const serial = this.#raw.newSerial();
    const [message] = marshallMessage(new Message({ ...fields, signature, body, serial }));
    return this.#write([message]);
  }

  /** As `send`, of a body of which the bytes are there already. */
  sendBytes(fields: object, signature: string, body: Buffer): number {
    const serial = this.#raw.newSerial();
    // One that holds the signature, and whatever bytes.
    const [message] = marshallMessage(new Message({ ...fields, signature, body: [{}], serial }));
    const header = Buffer.from(message.subarray(0, message.length - message.readUInt32LE(bodyLengthAt)));
    header.writeUInt32LE(body.length, bodyLengthAt);
    return this.#write([header, body]);
  }

  #write(parts: readonly Buffer[]): number {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > maxMessageLength) {
      throw new BusError('LimitsExceeded', `${length} bytes are more than the bus carries in one message`);
    }
    const stream = streamOf(this.#raw);
    if (!stream.writable) throw new Error('the bus is gone');
    // Nothing comes between them: nobody else has a turn.
    for (const part of parts) stream.write(part);
    return length;
  }
}

/** The bytes that dbus-next makes of values. @throws OutgoingBodyError */
export function marshall(signature: string, values: readonly unknown[]): Buffer {
  const body = toWire(signature, values, makeVariant);
  const carrier = { type: messageType.methodReturn, replySerial: 1, serial: 1 };
  const [message] = marshallMessage(new Message({ ...carrier, signature, body }));
  return Buffer.from(message.subarray(message.length - message.readUInt32LE(bodyLengthAt)));
}
