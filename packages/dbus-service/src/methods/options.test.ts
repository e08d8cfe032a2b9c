// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { contract } from '../protocol/contract.js';
import { readCallOptions, readOptions } from './options.js';

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
    ['operation_id of another type', { operation_id: flag }],
    ['__proto__ as a key', Object.fromEntries([['__proto__', flag]])],
    ['a prototype that __proto__ has replaced', Object.create(flag)],
    ['no dictionary', 'text'],
  ])('refuses %s', (_name, options) => {
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

const text = (value: string) => ({ signature: 's', value });
const readCall = (options: unknown) =>
  readCallOptions({ interface: 'me.phyllo.Vgpu1.Gpu', method: 'CreateVgpu', args: ['x', options] });

describe('readCallOptions', () => {
  it('takes out what is about the call itself', () => {
    expect(readCall({ start: flag })).toEqual({ options: { start: true }, interactive: true, operationId: undefined });
    expect(readCall({ start: flag, operation_id: text('a'), 'auth.no_user_interaction': flag })).toEqual({
      options: { start: true },
      interactive: false,
      operationId: 'a',
    });
  });

  it.each(['1', '7686131b-b229-4768-a02c-35d1dbed7c66', 'A.b_c:d-0', 'x'.repeat(64)])('takes the id %j', (id) => {
    expect(readCall({ operation_id: text(id) }).operationId).toBe(id);
  });

  it.each(['', 'x'.repeat(65), 'a b', 'a/b', 'a\n', 'é', '\u202ea'])('refuses the id %j', (id) => {
    expect(() => readCall({ operation_id: text(id) })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
