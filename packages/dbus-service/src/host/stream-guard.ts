// SPDX-License-Identifier: LGPL-2.1-or-later
import { MessageGate } from './message-gate.js';
import type { MessageHeader } from './message-header.js';

/** What is used of dbus-next's socket. */
export interface RawStream {
  read(size?: number): Buffer | null;
  listeners(event: 'readable'): (() => void)[];
  removeListener(event: 'readable', listener: () => void): void;
  on(event: 'readable' | 'close' | 'drain', listener: () => void): void;
  /** Calls back when everything is written, or cannot be. */
  end(callback: () => void): void;
  readonly writable: boolean;
  /** Bytes that are not written yet. */
  readonly writableLength: number;
  write(bytes: Buffer): unknown;
  destroy(): void;
}

export interface StreamGuardOptions {
  /** Sees every message without its body. It must not throw. */
  admit(header: MessageHeader): boolean;
  /** Takes each message that was admitted; dbus-next gets it when `decode` is called. It must not throw. */
  receive(header: MessageHeader, decode: () => void): void;
  log(text: string, error: unknown): void;
}

/**
 * Stands between the socket and dbus-next, which would decode whatever anybody sends, a hundred times as large as its
 * bytes: it gets whole messages that were admitted, and nothing else.
 */
export function guardStream(stream: RawStream, { admit, receive, log }: StreamGuardOptions): void {
  const read = stream.read.bind(stream);
  const listeners = stream.listeners('readable');
  let message: Buffer | undefined;
  // Only while dbus-next decodes; the stream calls itself too.
  stream.read = (size) => {
    if (message === undefined) return read(size);
    if (size === undefined || size > message.length) return null;
    const part = message.subarray(0, size);
    message = message.subarray(size);
    return part;
  };
  const decode = (bytes: Buffer) => {
    message = bytes;
    try {
      for (const listener of listeners) listener();
    } catch (error) {
      // It throws when it cannot decode what the bus let pass, and has read the whole message by then.
      log('a message could not be decoded', error);
    } finally {
      message = undefined;
    }
  };
  const gate = new MessageGate({
    admit,
    deliver(bytes, header) {
      // A part would keep the whole chunk that it came in.
      const own = Buffer.from(bytes);
      receive(header, () => decode(own));
    },
    onUnreadable: (reason) => log('a message was passed over', reason),
  });
  for (const listener of listeners) stream.removeListener('readable', listener);
  stream.on('readable', () => {
    for (let chunk = read(); chunk !== null; chunk = read()) gate.push(chunk);
  });
}
