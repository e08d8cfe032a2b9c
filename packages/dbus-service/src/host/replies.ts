// SPDX-License-Identifier: LGPL-2.1-or-later
import { DictionaryBody } from './dictionary-body.js';
import { messageType } from './message-header.js';
import type { Answer } from './messages.js';
import { toWire } from './outgoing.js';
import { makeVariant, marshallMessage, Message, streamOf, type RawBus, type RawMessage } from './raw-bus.js';

const bodyLengthAt = 4;

/** Sends the answers to calls. */
export class Replies {
  readonly #raw: RawBus;
  /** Of objects that were sent before. */
  readonly #marshalled = new WeakMap<object, Buffer>();

  constructor(raw: RawBus) {
    this.#raw = raw;
  }

  /** @throws where that cannot be sent, for example OutgoingBodyError */
  reply(to: Pick<RawMessage, 'serial' | 'sender'>, answer: Answer): void {
    const common = { replySerial: to.serial, destination: to.sender };
    if ('errorName' in answer) {
      const { errorName } = answer;
      const body = toWire('s', [answer.message.replaceAll('\0', '')], makeVariant);
      this.#raw.send(new Message({ ...common, type: messageType.error, errorName, signature: 's', body }));
    } else if (answer instanceof DictionaryBody) {
      this.#send(common, answer.signature, answer.marshall(marshall, this.#marshalled));
    } else {
      const body = toWire(answer.signature, answer.values, makeVariant);
      this.#raw.send(new Message({ ...common, type: messageType.methodReturn, signature: answer.signature, body }));
    }
  }

  /** Sends a method's result of which the bytes are there already. */
  #send(common: { readonly replySerial: number; readonly destination: string }, signature: string, body: Buffer): void {
    const serial = this.#raw.newSerial();
    const empty = new Message({ ...common, type: messageType.methodReturn, signature, body: [{}], serial });
    const [message] = marshallMessage(empty);
    const header = Buffer.from(message.subarray(0, message.length - message.readUInt32LE(bodyLengthAt)));
    header.writeUInt32LE(body.length, bodyLengthAt);
    const stream = streamOf(this.#raw);
    if (!stream.writable) throw new Error('the bus is gone');
    stream.write(Buffer.concat([header, body]));
  }
}

/** The bytes that dbus-next makes of values. @throws OutgoingBodyError */
export function marshall(signature: string, values: readonly unknown[]): Buffer {
  const body = toWire(signature, values, makeVariant);
  const carrier = { type: messageType.methodReturn, replySerial: 1, serial: 1 };
  const [message] = marshallMessage(new Message({ ...carrier, signature, body }));
  return Buffer.from(message.subarray(message.length - message.readUInt32LE(bodyLengthAt)));
}
