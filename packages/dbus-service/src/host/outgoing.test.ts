// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { isObjectPath, OutgoingBodyError, toWire } from './outgoing.js';
import { parseSignature, SignatureError } from './signature.js';

const variant = (signature: string, value: unknown) => ({ wire: signature, value });

describe('toWire', () => {
  it('passes what the bus takes', () => {
    const dictionary = { name: { signature: 'a(ss)', value: [['a', 'b']] } };
    expect(toWire('sa{sv}ao', ['x', dictionary, ['/', '/a_1/B']], variant)).toEqual([
      'x',
      { name: { wire: 'a(ss)', value: [['a', 'b']] } },
      ['/', '/a_1/B'],
    ]);
  });

  it.each([
    ['s', 'a\0b'],
    ['s', 7],
    ['s', undefined],
    ['o', ''],
    ['o', '/a/'],
    ['o', '/a//b'],
    ['o', '/a-b'],
    ['o', '/ä'],
    ['u', -1],
    ['u', 1.5],
    ['u', 2 ** 32],
    ['y', 256],
    ['t', 5],
    ['t', -1n],
    ['b', 1],
    ['d', Number.NaN],
    ['v', 'bare'],
    ['v', { signature: 'ss', value: [] }],
    ['v', { signature: 'o', value: 'no path' }],
    ['a{sv}', { 'a\0': { signature: 's', value: '' } }],
    ['a{sv}', null],
    ['(ss)', ['one']],
    ['as', 'text'],
  ])('refuses %s %o, which the bus would answer by disconnecting us', (signature, value) => {
    expect(() => toWire(signature, [value], variant)).toThrow(OutgoingBodyError);
  });

  it('keeps a key __proto__ as a key, and leaves out one that dbus-next cannot send', () => {
    const [sent] = toWire(
      'a{su}',
      [
        Object.fromEntries([
          ['__proto__', 1],
          ['constructor', 2],
        ]),
      ],
      variant,
    );
    expect(Object.getOwnPropertyNames(sent)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(sent)).toBe(Object.prototype);
  });

  it('refuses another number of values', () => {
    expect(() => toWire('ss', ['one'], variant)).toThrow(OutgoingBodyError);
  });
});

describe('parseSignature', () => {
  it.each(['h', 'a', '(', '()', 'a{vs}', 'a{s}', 'a{sss}', 'z'])('refuses %s', (signature) => {
    expect(() => parseSignature(signature)).toThrow(SignatureError);
  });

  it('splits into complete types', () => {
    expect(parseSignature('a{oa{sa{sv}}}s(bb)').map((node) => node.kind)).toEqual(['dictionary', 'basic', 'struct']);
  });
});

describe('isObjectPath', () => {
  it('takes the root', () => {
    expect(isObjectPath('/')).toBe(true);
  });
});
