// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { native } from './native.js';

const folder = new URL('.', import.meta.url);
const exported = Object.keys(native).toSorted();

test('every native function is typed, and nothing else is', () => {
  const source = readFileSync(new URL('native.ts', folder), 'utf8');
  const body = /export interface Native \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  const typed = [...body.matchAll(/^ {2}(\w+)\(/gm)].map((match) => match[1]!);
  expect(typed.toSorted()).toEqual(exported);
});

test('every native function is used by the facade', () => {
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'native.ts')
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')
    // The two families of subscriptions are chosen by name.
    .replaceAll(/native\[`((?:un)?subscribe)\$\{family\}`\]/g, 'native.$1NodeDevice( native.$1Domain(');
  const used = new Set([...sources.matchAll(/native\.(\w+)\(/g)].map((match) => match[1]));
  expect(exported.filter((name) => !used.has(name))).toEqual([]);
});

test('handles of another kind, and things that are no handle, are refused', async () => {
  const connection = await native.connectionOpen('test:///default', false, 0, 0, 0);
  expect(() => native.domainGetState(connection as never)).toThrow(/^domain must be a handle/);
  expect(() => native.nodeDeviceGetParent(connection as never)).toThrow(/^device must be a handle/);
  await native.connectionClose(connection);
  expect(() => native.connectionGetUri({} as never)).toThrow(/^connection must be a handle/);
  expect(() => native.connectionGetUri(undefined as never)).toThrow(/^connection must be a handle/);
});
