// SPDX-License-Identifier: LGPL-2.1-or-later
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startEmulatedHost, type EmulatedHost } from './index.js';
import { eventually, run } from './testing.js';

const hosts: EmulatedHost[] = [];
const owners: ChildProcess[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  for (const owner of owners.splice(0)) owner.kill('SIGKILL');
});

async function start(name: string): Promise<EmulatedHost> {
  const host = await startEmulatedHost(name);
  hosts.push(host);
  return host;
}

/** A process that owns a host of its own; gives the number of the first process inside. */
async function startOwner(): Promise<{ owner: ChildProcess; pid: number }> {
  const owner = fork(join(import.meta.dirname, 'owner.fixture.mjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  owners.push(owner);
  const [pid] = (await once(owner, 'message')) as [number];
  return { owner, pid };
}

/** Processes of the PID namespace; an ended one that its parent has not asked after is none. */
function processesIn(namespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pidNamespace(pid) === namespace && !hasEnded(pid));
}

function pidNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function hasEnded(pid: number): boolean {
  try {
    return /^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** What a host could leave on this machine, as far as it can be told from what others do meanwhile. */
function traces(): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('emulated-host'));
  const files = readdirSync('/tmp').filter((name) => /^(qemu|dbus|emulated-host)/.test(name));
  const sockets = existsSync('/run/libvirt') ? readdirSync('/run/libvirt') : [];
  return [...mounts, ...files, ...sockets];
}

describe('several hosts at once', () => {
  it('do not see each other', async () => {
    const [first, second, third] = await Promise.all([start('seed-page'), start('seed-page'), start('no-iommu')]);
    const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
    await run(first, 'mdevctl', ['start', '-u', uuid, '-p', '0000:00:02.0', '--type', 'i915-GVTg_V5_4']);
    expect(await run(first, 'mdevctl', ['list'])).toContain(uuid);
    expect(await run(second, 'mdevctl', ['list'])).not.toContain(uuid);
    expect(await run(third, 'mdevctl', ['types'])).not.toContain('i915');
    expect(await run(third, 'ls', ['/sys/kernel/iommu_groups'])).toBe('');
    expect(await run(third, 'hostname')).toBe('no-iommu\n');
  });

  it('leave nothing behind when they stop', async () => {
    const before = traces();
    const host = await start('seed-page');
    const namespace = pidNamespace(host.pid) ?? '';
    expect(processesIn(namespace).length).toBeGreaterThanOrEqual(5);
    await host.stop();
    expect(processesIn(namespace)).toEqual([]);
    expect(traces()).toEqual(before);
  });
});

describe('a killed owner leaves nothing behind', () => {
  it.each([
    ['the process that started the host', (owner: number) => owner],
    ['the launcher of the namespaces', (_owner: number, inside: number) => parentOf(inside)],
    ['the first process inside', (_owner: number, inside: number) => inside],
  ])('%s', async (_name, victim) => {
    const before = traces();
    const { owner, pid } = await startOwner();
    const namespace = pidNamespace(pid) ?? '';
    expect(processesIn(namespace).length).toBeGreaterThanOrEqual(5);
    process.kill(victim(owner.pid ?? 0, pid), 'SIGKILL');
    await eventually('all processes of the host are gone', () => expect(processesIn(namespace)).toEqual([]));
    expect(traces()).toEqual(before);
  });
});

describe('the daemons inside', () => {
  it('can be killed and started again', async () => {
    const host = await start('seed-page');
    await host.killLibvirtd();
    expect((await host.exec('virsh', ['list'])).status).toBe(1);
    await host.startLibvirtd();
    expect(await run(host, 'virsh', ['list', '--all', '--name'])).toContain('phyllome\n');
  });

  it('serve clients outside', async () => {
    const host = await start('seed-page');
    expect(host.libvirtUri).toContain(`/proc/${host.pid}/root/`);
    expect(existsSync(`${host.sysfsRoot}/bus/pci/devices/0000:00:02.0`)).toBe(true);
    expect(host.log('libvirtd')).toContain('libvirt version');
  });
});
