// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import type { Connection, DomainDetails } from '@vgpu/libvirt';
import { expect, it, vi } from 'vitest';
import type { LibvirtEvent } from './connections.js';
import { DomainMemory } from './domain-memory.js';
import { settledWithin } from './wait.js';

const connection = {} as Connection;
const documentLimitMs = 80;

const uuidOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function domain(number: number, changes: Partial<DomainDetails> = {}): DomainDetails {
  const rest = { state: 5, reason: 0, active: false, persistent: true, autostart: false, hasManagedSave: false };
  return { name: `domain ${number}`, uuid: uuidOf(number), ...rest, ...changes };
}

const running = { state: 1, active: true };

/** What libvirt has, how it is read, and what it tells. */
function newLibvirt(...numbers: readonly number[]) {
  const domains = new Map(numbers.map((number) => [uuidOf(number), domain(number)]));
  const reads: (readonly string[] | 'everything')[] = [];
  const hung = new Set<string>();
  const release = new Set<() => void>();
  let tell: (event: LibvirtEvent) => void;
  let failure: Error | undefined;
  let changes = 0;
  const connections = {
    onEvent: (listener: typeof tell) => void (tell = listener),
    changed: () => void (changes += 1),
    readDomains: () => Promise.reject(new Error('not asked')),
    readDomain: <T>(read: (connection: Connection) => Promise<T>, ms: number) => settledWithin(read(connection), ms),
  };
  const limits = { list: 1_000, document: documentLimitMs };
  const memory = new DomainMemory(connections, limits, {
    details: async (_connections, _timeoutMs, uuids) => {
      const asked = uuids === undefined ? undefined : [...uuids];
      reads.push(asked ?? 'everything');
      if (failure !== undefined) throw failure;
      return [...domains.values()].filter(({ uuid }) => asked === undefined || asked.includes(uuid));
    },
    documents: async (_connection, { uuid }) => {
      if (hung.has(uuid)) await new Promise<void>((resolve) => void release.add(resolve));
      const known = domains.get(uuid);
      if (known === undefined) return 'gone';
      const xml = `<domain><name>${known.name}</name><uuid>${uuid}</uuid><devices/></domain>`;
      return { active: known.active ? xml : undefined, stored: xml };
    },
  });
  return {
    memory,
    reads,
    changes: () => changes,
    tell: (number: number) => tell({ kind: 'domain', uuid: uuidOf(number) }),
    miss: (of: 'domains' | 'node-devices') => tell({ kind: 'missed', of }),
    fail: (error: Error | undefined) => void (failure = error),
    put: (number: number, changed: Partial<DomainDetails> = {}) =>
      void domains.set(uuidOf(number), domain(number, changed)),
    remove: (number: number) => void domains.delete(uuidOf(number)),
    hang: (number: number) => void hung.add(uuidOf(number)),
    recover: () => {
      hung.clear();
      for (const resolve of release) resolve();
    },
    /** The domains as `name state`. */
    list: async () => (await memory.listChanged()).map(({ name, state }) => `${name} ${state}`),
  };
}

it('reads all at first, and then what libvirt tells of', async () => {
  const host = newLibvirt(1, 2);
  const before = await host.memory.listChanged();
  expect(await host.memory.listChanged()).toBe(before);
  host.put(2, running);
  host.put(3);
  host.tell(2);
  host.tell(3);
  expect(await host.list()).toEqual(['domain 1 shut-off', 'domain 2 running', 'domain 3 shut-off']);
  expect(host.reads).toEqual(['everything', [uuidOf(2), uuidOf(3)]]);
  expect((await host.memory.listChanged())[0]).toBe(before[0]);
});

it('forgets one that is gone, and knows one by its new name', async () => {
  const host = newLibvirt(1, 2);
  await host.list();
  host.remove(1);
  host.put(2, { name: 'renamed' });
  host.tell(1);
  host.tell(2);
  expect(await host.list()).toEqual(['renamed shut-off']);
  expect(host.reads).toHaveLength(2);
});

it('keeps the list where nothing has changed that it shows', async () => {
  const host = newLibvirt(1);
  const before = await host.memory.listChanged();
  host.put(1, { reason: 7 });
  host.tell(1);
  expect(await host.memory.listChanged()).toBe(before);
  expect(host.reads).toHaveLength(2);
});

it('reads all again where many have changed, after events were missed, and for a list', async () => {
  const many = Array.from({ length: 10 }, (_, index) => index);
  const host = newLibvirt(...many);
  await host.list();
  for (const number of many) host.tell(number);
  await host.list();
  host.miss('node-devices');
  await host.list();
  expect(host.reads).toEqual(['everything', 'everything']);
  host.miss('domains');
  host.remove(0);
  expect(await host.list()).toHaveLength(9);
  expect(await host.memory.list()).toHaveLength(9);
  expect(host.reads).toHaveLength(4);
});

it('reads again after a reading that failed', async () => {
  const host = newLibvirt(1);
  await host.list();
  host.put(1, running);
  host.tell(1);
  host.fail(new DeviceError('Unavailable', 'libvirt cannot be reached'));
  await expect(host.list()).rejects.toMatchObject({ code: 'Unavailable' });
  host.fail(new Error('odd'));
  await expect(host.list()).rejects.toMatchObject({ code: 'Internal' });
  host.fail(undefined);
  expect(await host.list()).toEqual(['domain 1 running']);
});

it('tells that there is something to read when one that did not answer does', async () => {
  const host = newLibvirt(1, 2);
  await host.list();
  host.hang(1);
  host.put(1, running);
  host.put(2, running);
  host.tell(1);
  host.tell(2);
  const [hung, other] = await host.memory.listChanged();
  expect(hung).toMatchObject({ state: 'running', unreadable: true });
  expect(other).toMatchObject({ state: 'running', active: {} });
  expect(host.changes()).toBe(0);
  host.recover();
  await vi.waitUntil(() => host.changes() > 0, { timeout: 5_000, interval: 1 });
  const [recovered] = await host.memory.listChanged();
  expect(recovered).toMatchObject({ state: 'running', active: {} });
  expect(recovered).not.toHaveProperty('unreadable');
});
