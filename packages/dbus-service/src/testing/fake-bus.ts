// SPDX-License-Identifier: LGPL-2.1-or-later
// The other end of a connection to the bus, for messages that no bus would deliver.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { align, fixedHeaderLength, messageType, readFixedHeader, readMessageHeader } from '../host/message-header.js';

/** A header field: code, type and value. */
export type Field = readonly [code: number, type: 'o' | 's' | 'g' | 'u', value: string | number];

/** A message as bytes, little endian (D-Bus specification, "Message Format"); nothing is checked. */
export function formatMessage(
  type: number,
  serial: number,
  fields: readonly Field[],
  body: Buffer = Buffer.alloc(0),
  flags = 0,
): Buffer {
  let encoded = Buffer.alloc(0);
  for (const [code, fieldType, value] of fields) {
    const start = Buffer.concat([pad(encoded, 8), Buffer.of(code, 1), Buffer.from(`${fieldType}\0`)]);
    encoded = Buffer.concat([start, typeof value === 'number' ? uint32(value) : formatText(fieldType, value)]);
  }
  const start = [Buffer.of(0x6c, type, flags, 1), uint32(body.length), uint32(serial), uint32(encoded.length), encoded];
  return Buffer.concat([pad(Buffer.concat(start), 8), body]);
}

export function formatText(type: string, value: string): Buffer {
  const text = Buffer.from(`${value}\0`);
  return Buffer.concat([type === 'g' ? Buffer.of(text.length - 1) : uint32(text.length - 1), text]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function pad(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(align(bytes.length, size) - bytes.length)]);
}

/** Accepts one connection, answers each of its calls, and counts the answers that it gets. */
export class FakeBus {
  readonly #directory = mkdtempSync(join(tmpdir(), 'vgpud-fake-bus-'));
  readonly #server: Server = createServer((socket) => this.#accept(socket));
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #begun = false;
  #serial = 0x8000_0000;
  readonly #listeners = new Set<() => void>();
  /** How many answers each serial has got. */
  readonly answers = new Map<number, number>();
  /** The error that each serial has got. */
  readonly errors = new Map<number, string>();
  /** Members of the calls that it has got. */
  readonly calls: string[] = [];
  /** What happens before a call of ours is answered. */
  onCall: (member: string) => void = () => undefined;
  /** Whether somebody else has the name when we ask for it (DBUS_REQUEST_NAME_REPLY_EXISTS). */
  nameIsTaken = false;

  async listen(): Promise<void> {
    this.#server.listen(join(this.#directory, 'socket'));
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `unix:path=${join(this.#directory, 'socket')}`;
  }

  send(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  /** @throws when there is none in time */
  answerTo(serial: number, timeoutMs: number): Promise<void> {
    return this.until(`answer to ${serial}`, () => this.answers.has(serial), timeoutMs);
  }

  /** Looks after all that arrives. @throws when it is not so in time */
  async until(what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} in ${timeoutMs} ms`)), timeoutMs);
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
    rmSync(this.#directory, { recursive: true });
  }

  #accept(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      if (!this.#begun) this.#authenticate(socket);
      if (this.#begun) while (this.#take());
      for (const look of this.#listeners) look();
    });
  }

  #authenticate(socket: Socket): void {
    const text = this.#received.toString('latin1');
    const begin = text.indexOf('BEGIN\r\n');
    if (begin >= 0) {
      this.#received = this.#received.subarray(begin + 7);
      this.#begun = true;
    } else if (text.endsWith('\r\n')) {
      socket.write('OK 0123456789abcdef0123456789abcdef\r\n');
      this.#received = Buffer.alloc(0);
    }
  }

  /** @returns whether there was a whole message */
  #take(): boolean {
    if (this.#received.length < fixedHeaderLength) return false;
    const fixed = readFixedHeader(this.#received);
    const { type, serial, fieldsLength, bodyLength } = fixed;
    const length = fixedHeaderLength + align(fieldsLength, 8) + bodyLength;
    if (this.#received.length < length) return false;
    const header = this.#received.subarray(0, length - bodyLength);
    this.#received = this.#received.subarray(length);
    const fields = header.subarray(fixedHeaderLength, fixedHeaderLength + fieldsLength);
    if (type === messageType.methodCall) this.#answer(serial, readMessageHeader(fixed, fields).member);
    // Field 5 is the serial that is answered.
    const at = header.indexOf(Buffer.from([5, 1, 0x75, 0]), fixedHeaderLength);
    if (type !== messageType.methodCall && at >= 0) {
      const answered = header.readUInt32LE(at + 4);
      this.answers.set(answered, (this.answers.get(answered) ?? 0) + 1);
      // Field 4 is the name of the error.
      const name = header.indexOf(Buffer.from([4, 1, 0x73, 0]), fixedHeaderLength);
      if (name >= 0)
        this.errors.set(answered, header.toString('utf8', name + 8, name + 8 + header.readUInt32LE(name + 4)));
    }
    return true;
  }

  /** Every call of ours to the bus is content with a name, or with the number that says that the name is ours. */
  #answer(serial: number, member: string): void {
    this.calls.push(member);
    this.onCall(member);
    const isNumber = member === 'RequestName' || member === 'ReleaseName';
    const fields: Field[] = [
      [5, 'u', serial],
      [7, 's', 'org.freedesktop.DBus'],
      [8, 'g', isNumber ? 'u' : 's'],
    ];
    const body = isNumber ? uint32(member === 'RequestName' && this.nameIsTaken ? 3 : 1) : formatText('s', ':1.1');
    this.send(formatMessage(messageType.methodReturn, this.#serial++, fields, body));
  }
}
