// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection, DomainDetails } from '@vgpu/libvirt';
import { expect, it, vi } from 'vitest';
import { DomainDocumentReader } from './domain-documents.js';
import { settledWithin } from './wait.js';

const connection = {} as Connection;

function named(name: string): DomainDetails {
  const rest = { state: 1, reason: 0, active: true, persistent: true, autostart: false, hasManagedSave: false };
  return { name, uuid: name, ...rest };
}

interface Deferred {
  readonly promise: Promise<void>;
  resolve(this: void): void;
}

/** Reads one after the other, as a connection does, and says how long each reading was given. */
function newReader() {
  const hung = new Map<string, Deferred>();
  const limits: number[] = [];
  const late: string[] = [];
  let last: Promise<unknown> = Promise.resolve();
  const reader = new DomainDocumentReader(
    async (read, ms) => {
      limits.push(ms);
      // A new connection takes the place of one that hangs.
      last = Promise.resolve();
      return await settledWithin(read(connection), ms);
    },
    { limitMs: 80, onLateAnswer: (uuid) => void late.push(uuid) },
    (_connection, { uuid }) => {
      const answer = last.then(async () => {
        await hung.get(uuid)?.promise;
        return { active: `<${uuid}>`, stored: undefined };
      });
      last = answer;
      return answer;
    },
  );
  const readAll = async (...names: readonly string[]) => Object.fromEntries(await reader.readAll(names.map(named)));
  const hang = (...names: readonly string[]) => names.forEach((name) => hung.set(name, deferred()));
  const recover = async (name: string) => {
    hung.get(name)?.resolve();
    hung.delete(name);
    await vi.waitUntil(() => late.includes(name), { timeout: 5_000, interval: 1 });
  };
  return { limits, late, readAll, hang, recover };
}

/** A promise for a test to keep. */
function deferred(): Deferred {
  const resolvers: (() => void)[] = [];
  const promise = new Promise<void>((resolve) => void resolvers.push(resolve));
  return { promise, resolve: () => resolvers.forEach((resolve) => resolve()) };
}

const a = { active: '<a>', stored: undefined };
const b = { active: '<b>', stored: undefined };
const c = { active: '<c>', stored: undefined };

it('one that hangs hides no other, and is not asked again before it has answered', async () => {
  const { readAll, hang, recover, limits } = newReader();
  hang('b');
  expect(await readAll('a', 'b', 'c')).toEqual({ a, b: 'silent', c });
  expect(limits).toEqual([80 + 3 * 20, 20 + 20]);
  limits.length = 0;
  expect(await readAll('a', 'b', 'c')).toEqual({ a, b: 'silent', c });
  expect(limits).toEqual([80 + 2 * 20]);
  // Its answer, which is late, is told, and it is read anew.
  await recover('b');
  expect(await readAll('a', 'b')).toEqual({ a, b });
});

it('where all hang a reading takes a bounded time, and those that it left out are asked by the next one', async () => {
  const { readAll, hang, recover, limits } = newReader();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  hang(...names);
  const first = await readAll(...names);
  expect(limits).toHaveLength(5);
  expect(first).toMatchObject({ a: 'silent', e: 'silent', f: 'unasked', g: 'unasked' });
  limits.length = 0;
  expect(Object.values(await readAll(...names))).toEqual(names.map(() => 'silent'));
  expect(limits).toHaveLength(2);
  await recover('f');
  expect(await readAll(...names)).toMatchObject({ e: 'silent', f: { active: '<f>' }, g: 'silent' });
});
