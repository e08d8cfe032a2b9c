// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { marshall } from './outlet.js';
import { DictionaryBody } from './dictionary-body.js';

it('has the same bytes as the whole body marshalled at once, and marshals an entry once', () => {
  const signature = 'a{oa{ss}}';
  // Every length of a key and of a value: all paddings there are.
  const all = Array.from({ length: 20 }, (_, index) => ({
    key: `/${'a'.repeat(index + 1)}`,
    value: () =>
      Object.fromEntries(Array.from({ length: index % 4 }, (_nothing, at) => ['k'.repeat(at + 1), 'v'.repeat(index)])),
    source: {},
  }));
  const known = new WeakMap<object, Buffer>();
  let calls = 0;
  const counted = (type: string, values: readonly unknown[]) => {
    calls += 1;
    return marshall(type, values);
  };
  for (const entries of [[], all.slice(0, 1), all.slice(0, 7), all, all.toReversed()]) {
    const body = new DictionaryBody(signature, entries);
    expect(body.marshall(counted, known).toString('hex')).toBe(marshall(signature, body.values).toString('hex'));
  }
  expect(calls).toBe(all.length);
});
