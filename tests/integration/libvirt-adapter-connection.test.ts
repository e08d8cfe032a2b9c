// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseMdevTypeId, parseParentName, parseUuid, type HypervisorStatus, type MdevDefinition } from '@vgpu/core';
import {
  codeOfFailure,
  nextChange,
  openPorts,
  startAdapterHost,
  untilConnected,
  type AdapterHost,
} from './adapter-host.js';

const definition: MdevDefinition = {
  uuid: parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66'),
  parent: parseParentName('0000:00:02.0'),
  typeId: parseMdevTypeId('i915-GVTg_V5_4'),
  attributes: [],
};

let adapter: AdapterHost;

beforeEach(async () => {
  adapter = await startAdapterHost('seed-page', { settleTimeoutMs: 3_000 });
});
afterEach(async () => {
  await adapter[Symbol.asyncDispose]();
});

it('libvirtd killed and started again: not connected, connected, and everything is read and told again', async () => {
  const { host, ports } = adapter;
  await ports.nodeDevices.define(definition);
  await ports.nodeDevices.start(definition);
  const before = await ports.nodeDevices.list();
  const statuses: HypervisorStatus[] = [];
  ports.events.onStatus((status) => statuses.push(status));

  await host.killLibvirtd();
  await untilConnected(ports, false);
  await expect(ports.nodeDevices.list()).rejects.toMatchObject({ code: 'Unavailable' });
  await expect(ports.domains.list()).rejects.toMatchObject({ code: 'Unavailable' });
  await expect(ports.nodeDevices.stop(definition)).rejects.toMatchObject({ code: 'Unavailable' });
  await nextChange(ports, async () => {
    await host.startLibvirtd();
    await untilConnected(ports, true);
  });
  expect(statuses.map((status) => status.connected)).toEqual([false, true]);
  expect(ports.events.status().libvirtVersion).toMatch(/^\d+\.\d+\.\d+$/);

  await vi.waitFor(async () => expect((await ports.nodeDevices.list()).mdevs).toEqual(before.mdevs), 10_000);
  // Subscriptions and changes work on the new connections.
  await nextChange(ports, () => ports.nodeDevices.stop(definition));
});

it('libvirtd away at the start: opening succeeds and connects later', async () => {
  const { host } = adapter;
  await host.killLibvirtd();
  const late = await openPorts(host);
  try {
    expect(late.events.status()).toMatchObject({ connected: false, libvirtVersion: undefined });
    await expect(late.nodeDevices.list()).rejects.toMatchObject({ code: 'Unavailable' });
    await host.startLibvirtd();
    await untilConnected(late, true);
    await vi.waitFor(async () => expect((await late.nodeDevices.list()).parents).toHaveLength(1), 10_000);
  } finally {
    await late.close();
  }
});

it('libvirtd killed in the middle of a change: TimedOut, the outcome is unknown', async () => {
  const { host, ports } = adapter;
  await ports.nodeDevices.define(definition);
  await host.control({ command: 'hold' });
  const start = codeOfFailure(ports.nodeDevices.start(definition));
  await vi.waitUntil(async () => (await host.kernelState()).heldWriters > 0, 10_000);
  await host.killLibvirtd();
  expect(await start).toBe('TimedOut');
  await host.control({ command: 'release' });
});

it('closed ports are silent and refuse', async () => {
  const { host, ports, run } = adapter;
  let calls = 0;
  const count = (): void => {
    calls += 1;
  };
  ports.events.onChange(count);
  ports.events.onStatus(count);
  await ports.close();
  await ports.close();
  const others = await openPorts(host);
  await nextChange(others, () => run('virsh', 'undefine', 'server'));
  await others.close();
  expect(calls).toBe(0);
  await expect(ports.domains.list()).rejects.toMatchObject({ code: 'Unavailable' });
});

it('libvirtd that does not answer a list: Unavailable in time, and the list and its events come back', async () => {
  const { host } = adapter;
  const impatient = await openPorts(host, { domainTimeLimits: { list: 300 } });
  try {
    await host.killLibvirtd('SIGSTOP');
    await expect(impatient.domains.list()).rejects.toMatchObject({ code: 'Unavailable' });
    await host.killLibvirtd('SIGCONT');
    await vi.waitFor(async () => expect(await impatient.domains.list()).toHaveLength(2), 10_000);
    await untilConnected(impatient, true);
    await nextChange(impatient, () => adapter.run('virsh', 'undefine', 'server'));
  } finally {
    await impatient.close();
  }
});
