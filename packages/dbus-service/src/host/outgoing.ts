// SPDX-License-Identifier: LGPL-2.1-or-later
import type { TypedValue } from '../protocol/contract-types.js';
import { parseSignature, type TypeNode } from './signature.js';

/** A body that the bus would refuse; it disconnects a service that sends one, so nothing is sent. */
export class OutgoingBodyError extends Error {}

/** Makes the library's representation of a variant. */
export type MakeVariant = (signature: string, value: unknown) => unknown;

/**
 * Checks the values against the signature and makes them fit dbus-next.
 * @throws OutgoingBodyError, for example for an invalid object path, a NUL in a string, a number out of range
 */
export function toWire(signature: string, values: readonly unknown[], makeVariant: MakeVariant): unknown[] {
  const types = parseSignature(signature);
  if (types.length !== values.length) {
    throw new OutgoingBodyError(`${values.length} values do not fit ${JSON.stringify(signature)}`);
  }
  return types.map((type, index) => convert(type, values[index], makeVariant));
}

function convert(type: TypeNode, value: unknown, makeVariant: MakeVariant): unknown {
  switch (type.kind) {
    case 'basic':
      checkBasic(type.type, value);
      return value;
    case 'variant': {
      if (!isTypedValue(value)) throw new OutgoingBodyError('a variant without a signature');
      const [inner, ...more] = parseSignature(value.signature);
      if (inner === undefined || more.length > 0) throw new OutgoingBodyError('a variant holds one complete type');
      return makeVariant(value.signature, convert(inner, value.value, makeVariant));
    }
    case 'array':
      if (!Array.isArray(value)) throw new OutgoingBodyError('not an array');
      return value.map((item: unknown) => convert(type.element, item, makeVariant));
    case 'struct':
      if (!Array.isArray(value) || value.length !== type.members.length) throw new OutgoingBodyError('not the struct');
      return type.members.map((member, index) => convert(member, value[index], makeVariant));
    case 'dictionary': {
      if (typeof value !== 'object' || value === null) throw new OutgoingBodyError('not a dictionary');
      const entries = Object.entries(value)
        // dbus-next takes an object with this own key for something else and throws.
        .filter(([key]) => key !== 'constructor')
        .map(([key, item]): [string, unknown] => {
          checkBasic(type.key, key);
          return [key, convert(type.value, item, makeVariant)];
        });
      // Object.fromEntries makes own properties, of a key `__proto__` too.
      return Object.fromEntries(entries);
    }
  }
}

function isTypedValue(value: unknown): value is TypedValue {
  return typeof value === 'object' && value !== null && 'signature' in value && typeof value.signature === 'string';
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  y: [0, 0xff],
  n: [-0x8000, 0x7fff],
  q: [0, 0xffff],
  i: [-0x8000_0000, 0x7fff_ffff],
  u: [0, 0xffff_ffff],
};

function checkBasic(type: string, value: unknown): void {
  const range = ranges[type];
  if (range !== undefined) {
    if (!Number.isInteger(value) || (value as number) < range[0] || (value as number) > range[1]) fail(type);
  } else if (type === 't') {
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << 64n) fail(type);
  } else if (type === 'x') {
    if (typeof value !== 'bigint' || value < -(1n << 63n) || value >= 1n << 63n) fail(type);
  } else if (type === 'd') {
    if (typeof value !== 'number' || !Number.isFinite(value)) fail(type);
  } else if (type === 'b') {
    if (typeof value !== 'boolean') fail(type);
  } else {
    if (typeof value !== 'string' || value.includes('\0')) fail(type);
    if (type === 'o' && !isObjectPath(value as string)) fail(type);
    if (type === 'g') parseSignature(value as string);
  }
}

function fail(type: string): never {
  throw new OutgoingBodyError(`a value does not fit the type ${type}`);
}

/** Whether the text is an object path (D-Bus specification, "Valid Object Paths"). */
export function isObjectPath(text: string): boolean {
  return text === '/' || /^(?:\/[A-Za-z0-9_]+)+$/.test(text);
}
