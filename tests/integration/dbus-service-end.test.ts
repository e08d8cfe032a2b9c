// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busName, interfaces } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { gpuPath as gpu, uuid } from './seed-page.js';

const other = '11111111-2222-4333-8444-555555555555';

let host: EmulatedHost;

beforeEach(async () => {
  host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
});

afterEach(() => host?.stop());

function create(id: string) {
  const options = ['2', 'uuid', 's', id, 'autostart', 'b', 'true'];
  return host.exec('busctl', [
    'call',
    busName,
    gpu,
    interfaces.gpu,
    'CreateVgpu',
    'sa{sv}',
    'i915-GVTg_V5_8',
    ...options,
  ]);
}

async function until(name: string, condition: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${name}: not within ${timeoutMs} ms: ${host.log('vgpud')}`);
  }
}

/** Begins a change and holds it in the kernel, in the middle of its plan. */
async function beginChange() {
  await host.control({ command: 'hold' });
  const result = create(uuid);
  await until('the change', async () => (await host.kernelState()).heldWriters === 1);
  return { result };
}

/** `uuid parent type start` of every definition. */
async function definitions(): Promise<string> {
  return (await host.exec('mdevctl', ['list', '-d'])).stdout.trim();
}

const proxy = readFileSync(join(import.meta.dirname, 'dbus-service-proxy.py'), 'utf8');

/** Instead of the running vgpud one whose connection to the bus can be cut; libvirtd ends itself where the bus ends. */
async function startBehindProxy() {
  await host.killService('vgpud', 'SIGTERM');
  const user = 'vgpud';
  const socket = '/var/lib/vgpud/bus';
  const program = '/run/emulated-host/app/packages/dbus-service/dist/main.js';
  const proxied = host.exec('/usr/bin/python3', ['-c', proxy, socket], { user });
  await until('the proxy', async () => (await host.exec('test', ['-S', socket])).status === 0);
  const ended = host.exec('/run/emulated-host/bin/node', ['--disable-proto=delete', program], {
    user,
    env: { VGPUD_BUS_ADDRESS: `unix:path=${socket}` },
  });
  await until('vgpud', async () => {
    const daemon = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
    return (await host.exec('busctl', ['call', ...daemon, 'NameHasOwner', 's', busName])).stdout === 'b true\n';
  });
  const cut = async () => {
    createConnection(`${host.root}${socket}`).on('error', () => undefined);
    await proxied;
  };
  return { ended, cut };
}

describe('the end of vgpud in the middle of a change', () => {
  it('asked for: the change is finished and answered, what waits is refused', async () => {
    const { result } = await beginChange();
    const waiting = create(other);
    const end = host.killService('vgpud', 'SIGTERM');
    expect((await waiting).stderr).toContain('the service is stopping');
    await host.control({ command: 'release' });
    expect((await result).stderr).toBe('');
    await end;
    expect(await definitions()).toBe(`${uuid} 0000:00:02.0 i915-GVTg_V5_8 auto (active)`);
  });

  it('forced by the loss of the bus: the change is finished all the same', async () => {
    const { ended, cut } = await startBehindProxy();
    const { result } = await beginChange();
    await cut();
    expect((await result).stderr).toMatch(/disconnected|reply/i);
    await host.control({ command: 'release' });
    const { status, stderr } = await ended;
    expect(stderr).toContain('the bus is lost');
    expect(status).toBe(1);
    expect(await definitions()).toBe(`${uuid} 0000:00:02.0 i915-GVTg_V5_8 auto (active)`);
  });
});
