// SPDX-License-Identifier: LGPL-2.1-or-later
import { DictionaryBody } from './dictionary-body.js';
import { messageType } from './message-header.js';
import type { Answer } from './messages.js';
import { marshall, type Outlet } from './outlet.js';
import type { RawMessage } from './raw-bus.js';

/** Sends the answers to calls. */
export class Replies {
  readonly #outlet: Outlet;
  /** Of objects that were sent before. */
  readonly #marshalled = new WeakMap<object, Buffer>();

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** @returns its bytes. @throws where that cannot be sent, for example OutgoingBodyError */
  reply(to: Pick<RawMessage, 'serial' | 'sender'>, answer: Answer): number {
    const common = { replySerial: to.serial, destination: to.sender };
    if ('errorName' in answer) {
      const { errorName } = answer;
      const body = { signature: 's', values: [answer.message.replaceAll('\0', '')] };
      return this.#outlet.send({ ...common, type: messageType.error, errorName }, body);
    }
    const result = { ...common, type: messageType.methodReturn };
    if (!(answer instanceof DictionaryBody)) return this.#outlet.send(result, answer);
    return this.#outlet.sendBytes(result, answer.signature, answer.marshall(marshall, this.#marshalled));
  }
}
