// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { MessageGate } from './message-gate.js';
import type { MessageHeader } from './message-header.js';

const pad = (bytes: Buffer, size: number) =>
  Buffer.concat([bytes, Buffer.alloc((size - (bytes.length % size)) % size)]);

/** A method call as dbus-next's own marshaller does not make it: both byte orders, any body. */
function call(member: string, options: { signature?: string; body?: Buffer; big?: boolean; path?: string } = {}) {
  const { signature = '', body = Buffer.alloc(0), big = false, path = '/a' } = options;
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (big) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  };
  let fields = Buffer.alloc(0);
  const add = (code: number, type: string, value: Buffer) => {
    fields = Buffer.concat([pad(fields, 8), Buffer.of(code, 1), Buffer.from(`${type}\0`), value]);
  };
  const text = (value: string) => Buffer.concat([uint32(value.length), Buffer.from(`${value}\0`)]);
  add(1, 'o', text(path));
  add(3, 's', text(member));
  add(5, 'u', uint32(9));
  add(7, 's', text(':1.7'));
  add(8, 'g', Buffer.concat([Buffer.of(signature.length), Buffer.from(`${signature}\0`)]));
  const start = Buffer.concat([
    Buffer.of(big ? 0x42 : 0x6c, 1, 4, 1),
    uint32(body.length),
    uint32(5),
    uint32(fields.length),
  ]);
  return Buffer.concat([pad(Buffer.concat([start, fields]), 8), body]);
}

function make(maxBody = 100) {
  const seen: MessageHeader[] = [];
  const delivered: Buffer[] = [];
  const unreadable: string[] = [];
  const gate = new MessageGate({
    admit(header) {
      seen.push(header);
      return header.bodyLength <= maxBody;
    },
    deliver: (message) => void delivered.push(Buffer.from(message)),
    onUnreadable: (reason) => void unreadable.push(reason),
  });
  return { gate, seen, delivered, unreadable };
}

describe('MessageGate', () => {
  it.each([false, true])('reads a header, big endian: %s', (big) => {
    const { gate, seen, delivered } = make();
    const bytes = call('Get', { signature: 'ss', body: Buffer.alloc(12), big });
    gate.push(bytes);
    expect(seen).toEqual([
      {
        littleEndian: !big,
        type: 1,
        flags: 4,
        serial: 5,
        bodyLength: 12,
        fieldsLength: expect.any(Number) as number,
        path: '/a',
        interface: undefined,
        member: 'Get',
        sender: ':1.7',
        signature: 'ss',
      },
    ]);
    expect(delivered).toEqual([bytes]);
  });

  it.each([1, 7, 16, 100, 100_000])('finds the same messages in chunks of %i bytes', (size) => {
    const { gate, seen, delivered } = make();
    const small = call('A', { signature: 'ay', body: Buffer.alloc(60, 1) });
    const large = call('B', { signature: 'ay', body: Buffer.alloc(5000, 2) });
    const stream = Buffer.concat([small, large, call('C'), small]);
    for (let at = 0; at < stream.length; at += size) gate.push(stream.subarray(at, at + size));
    expect(seen.map(({ member }) => member)).toEqual(['A', 'B', 'C', 'A']);
    expect(delivered).toEqual([small, call('C'), small]);
  });

  it('refuses a body before it is there', () => {
    const { gate, seen } = make();
    gate.push(call('B', { body: Buffer.alloc(5000) }).subarray(0, 200));
    expect(seen.map(({ bodyLength }) => bodyLength)).toEqual([5000]);
  });

  it('passes over headers that are too long or no headers, and reads on', () => {
    const { gate, delivered, unreadable } = make();
    const wrong = call('A');
    // The first field's variant says that it has a type of two letters.
    wrong[17] = 2;
    const cut = call('A');
    // Its path would end behind the header.
    cut.writeUInt32LE(0xffff_fff0, 20);
    gate.push(Buffer.concat([call('L', { path: `/${'a'.repeat(20_000)}` }), wrong, cut, call('C')]));
    expect(unreadable).toHaveLength(3);
    expect(delivered).toEqual([call('C')]);
  });
});
