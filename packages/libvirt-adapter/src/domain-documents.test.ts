// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection, DomainDetails } from '@vgpu/libvirt';
import { expect, it } from 'vitest';
import { DomainDocumentReader } from './domain-documents.js';
import { settledWithin } from './wait.js';

const connection = {} as Connection;

function named(name: string): DomainDetails {
  const rest = { state: 1, reason: 0, active: true, persistent: true, autostart: false, hasManagedSave: false };
  return { name, uuid: name, ...rest };
}

/** Reads one after the other, as a connection does, and says how long each reading was given. */
function newReader() {
  const hung = new Set<string>();
  const limits: number[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const reader = new DomainDocumentReader(
    async (read, ms) => {
      limits.push(ms);
      // A new connection takes the place of one that hangs.
      last = Promise.resolve();
      return await settledWithin(read(connection), ms);
    },
    80,
    (_connection, { uuid }) => {
      const answer = last.then(() =>
        hung.has(uuid) ? new Promise<never>(() => undefined) : { active: `<${uuid}>`, stored: undefined },
      );
      last = answer;
      return answer;
    },
  );
  const readAll = async (...names: readonly string[]) => Object.fromEntries(await reader.readAll(names.map(named)));
  return { reader, hung, limits, readAll };
}

const a = { active: '<a>', stored: undefined };
const b = { active: '<b>', stored: undefined };
const c = { active: '<c>', stored: undefined };

it('one that hangs hides no other, and is asked last and briefly from then on', async () => {
  const { readAll, hung, limits } = newReader();
  hung.add('b');
  expect(await readAll('a', 'b', 'c')).toEqual({ a, b: 'refused', c });
  limits.length = 0;
  expect(await readAll('a', 'b', 'c')).toEqual({ a, b: 'refused', c });
  expect(limits).toEqual([80 + 2 * 20, 10 + 20]);
  hung.clear();
  expect(await readAll('b')).toEqual({ b });
  limits.length = 0;
  expect(await readAll('a', 'b')).toEqual({ a, b });
  expect(limits).toHaveLength(1);
});

it('where all hang each reading takes a bounded time, and none is forgotten', async () => {
  const { readAll, hung, limits } = newReader();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of names) hung.add(name);
  await readAll(...names);
  limits.length = 0;
  expect(Object.values(await readAll(...names))).toEqual(names.map(() => 'refused'));
  expect(limits).toHaveLength(4);
  hung.clear();
  // The two that were left out come first.
  expect(await readAll(...names)).toMatchObject({ a, b, e: { active: '<e>' }, f: { active: '<f>' } });
});

it('forgets a silent one that is gone', async () => {
  const { reader, readAll, hung, limits } = newReader();
  hung.add('a');
  await readAll('a');
  reader.keepOnly(() => false);
  hung.clear();
  limits.length = 0;
  await readAll('a');
  expect(limits).toEqual([80 + 20]);
});
