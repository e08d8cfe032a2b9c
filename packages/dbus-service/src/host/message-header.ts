// SPDX-License-Identifier: LGPL-2.1-or-later
// The header of a D-Bus message (specification, "Message Format"), read without its body.

/** Bytes before the header's fields; they say how long the rest is. */
export const fixedHeaderLength = 16;

export const messageType = { methodCall: 1, methodReturn: 2, error: 3, signal: 4 } as const;

/** The first 16 bytes. */
export interface FixedHeader {
  readonly littleEndian: boolean;
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly bodyLength: number;
  /** Without the padding after them. */
  readonly fieldsLength: number;
}

/** Everything but the body. Fields that the message has not are empty. */
export interface MessageHeader extends FixedHeader {
  readonly path: string;
  /** undefined where the caller named none. */
  readonly interface: string | undefined;
  readonly member: string;
  readonly sender: string;
  readonly signature: string;
}

/** The bytes are no header that could be read; the message can only be passed over. */
export class HeaderError extends Error {}

export function readFixedHeader(bytes: Buffer): FixedHeader {
  const littleEndian = bytes[0] === 0x6c;
  const uint32 = (offset: number) => (littleEndian ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset));
  return {
    littleEndian,
    type: bytes.readUInt8(1),
    flags: bytes.readUInt8(2),
    bodyLength: uint32(4),
    serial: uint32(8),
    fieldsLength: uint32(12),
  };
}

const fieldCodes = { path: 1, interface: 2, member: 3, sender: 7, signature: 8 } as const;

/** @param fields the array of fields alone. @throws HeaderError */
export function readMessageHeader(fixed: FixedHeader, fields: Buffer): MessageHeader {
  const found = readFields(fixed, fields);
  return {
    ...fixed,
    path: found.get(fieldCodes.path) ?? '',
    interface: found.get(fieldCodes.interface),
    member: found.get(fieldCodes.member) ?? '',
    sender: found.get(fieldCodes.sender) ?? '',
    signature: found.get(fieldCodes.signature) ?? '',
  };
}

/** Fields with a text by their code; numbers are passed over. */
function readFields({ littleEndian }: FixedHeader, bytes: Buffer): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  try {
    let at = 0;
    while (at < bytes.length) {
      at = align(at, 8);
      const code = bytes.readUInt8(at);
      // A variant: one byte of length, the type, a NUL.
      if (bytes.readUInt8(at + 1) !== 1) throw new HeaderError(`field ${code} is no basic type`);
      const type = String.fromCharCode(bytes.readUInt8(at + 2));
      at += 4;
      if (type === 's' || type === 'o') {
        at = align(at, 4);
        const length = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
        found.set(code, textAt(bytes, at + 4, length));
        at += 4 + length + 1;
      } else if (type === 'g') {
        const length = bytes.readUInt8(at);
        found.set(code, textAt(bytes, at + 1, length));
        at += 1 + length + 1;
      } else if (type === 'u') {
        at = align(at, 4) + 4;
      } else {
        throw new HeaderError(`field ${code} has the type ${JSON.stringify(type)}`);
      }
    }
  } catch (error) {
    if (error instanceof RangeError) throw new HeaderError('the header ends too early');
    throw error;
  }
  return found;
}

function textAt(bytes: Buffer, start: number, length: number): string {
  if (start + length >= bytes.length) throw new HeaderError('the header ends too early');
  return bytes.toString('utf8', start, start + length);
}

/** The fields begin at a multiple of 8, so that offsets in them are aligned as in the message. */
export function align(offset: number, size: number): number {
  return Math.ceil(offset / size) * size;
}
