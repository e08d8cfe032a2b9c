// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseUuid, type Domain, type Uuid } from '@vgpu/core';
import { codeOfFailure, openPorts, startAdapterHost, type AdapterHost } from './adapter-host.js';

const server = parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22');
const other = parseUuid('2f6d3f3e-6f2c-4b0b-9a39-5c0f6f5b8c11');

let adapter: AdapterHost;

beforeEach(async () => {
  adapter = await startAdapterHost('seed-page', { domainTimeLimits: { shutdown: 500, list: 4_000 } });
  await adapter.ports.domains.start(server);
  // A guest that swaps, a dead NFS server: QEMU does not answer its monitor, and libvirt waits for it.
  const pid = (await adapter.run('cat', '/run/libvirt/qemu/server.pid')).trim();
  await adapter.run('kill', '-STOP', pid);
});
afterEach(async () => {
  await adapter[Symbol.asyncDispose]();
});

async function find(uuid: Uuid): Promise<Domain | undefined> {
  return (await adapter.ports.domains.list()).find((domain) => domain.uuid === uuid);
}

/** Whether libvirt has asked QEMU something, which QEMU has not read. */
async function isAsked(): Promise<boolean> {
  const [, , bytes] = (await adapter.run('ss', '-xnH', 'src', '*/domain-*-server/monitor.sock')).split(/\s+/);
  return Number(bytes) > 0;
}

it('a QEMU that does not answer: shutdown is TimedOut, everything else goes on, force-off ends it', async () => {
  const { domains, events } = adapter.ports;
  expect(await codeOfFailure(domains.shutdown(server))).toBe('TimedOut');

  // Neither lists nor previews nor other domains wait for it.
  expect(await find(server)).toMatchObject({ state: 'running' });
  const edits = [{ kind: 'set-video-none' }] as const;
  await domains.apply(await domains.preview(other, edits), edits);
  await domains.start(other);
  await domains.forceOff(other);
  expect(events.status().connected).toBe(true);

  await domains.forceOff(server);
  expect(await find(server)).toMatchObject({ state: 'shut-off' });
});

it('force-off does not wait for a shutdown that is under way', async () => {
  const patient = await openPorts(adapter.host);
  try {
    const shutdown = codeOfFailure(patient.domains.shutdown(server));
    await vi.waitUntil(isAsked, { timeout: 10_000, interval: 20 });
    await patient.domains.forceOff(server);
    expect(await find(server)).toMatchObject({ state: 'shut-off' });
    // It ended while it was asked to: that is what was asked.
    expect(await shutdown).toBeUndefined();
  } finally {
    await patient.close();
  }
});
