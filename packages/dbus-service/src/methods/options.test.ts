// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { contract } from '../protocol/contract.js';
import { readOptions } from './options.js';

const spec = contract['me.phyllo.Vgpu1.Gpu'].methods.CreateVgpu;
const read = (options: unknown) => readOptions('CreateVgpu', spec, options);
const flag = { signature: 'b', value: true };

describe('readOptions', () => {
  it('unwraps what is known', () => {
    expect(read({ start: flag, attributes: { signature: 'a(ss)', value: [['a', 'b']] } })).toEqual({
      start: true,
      attributes: [['a', 'b']],
    });
  });

  it.each([
    ['an unknown option', { colour: flag }],
    ['one that every object has', { toString: flag }],
    ['one of another type', { start: { signature: 's', value: 'yes' } }],
    ['operation_id, which nothing would become true of', { operation_id: { signature: 's', value: '1' } }],
    ['__proto__ as a key', Object.fromEntries([['__proto__', flag]])],
    ['a prototype that __proto__ has replaced', Object.create(flag)],
    ['no dictionary', 'text'],
  ])('refuses %s', (_name, options) => {
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
