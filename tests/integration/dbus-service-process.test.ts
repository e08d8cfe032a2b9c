// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import dbus from 'dbus-next';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busName, interfaces, managerPath } from '@vgpu/dbus-service/protocol';

const main = join(import.meta.dirname, '../../packages/dbus-service/dist/main.js');
const timeoutMs = 15_000;
type Child = ChildProcessByStdio<null, Readable, Readable>;

let directory: string;
let address: string;
let children: Child[];

/** A process of this test, ended with it. */
function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } });
  children.push(child);
  return child;
}

/** Resolves when the text was printed on standard output or error. */
function printed(child: Child, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(
      () => reject(new Error(`no ${JSON.stringify(text)} in ${timeoutMs} ms: ${output}`)),
      timeoutMs,
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (data: string) => {
        output += data;
        if (!output.includes(text)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

async function exitCode(child: Child): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null)
    await once(child, 'exit', { signal: AbortSignal.timeout(timeoutMs) });
  return child.exitCode;
}

async function startBus(): Promise<Child> {
  const bus = start('dbus-daemon', ['--config-file', join(directory, 'bus.conf'), '--nofork', '--print-address']);
  await printed(bus, 'unix:');
  return bus;
}

/** vgpud on the private bus, with a libvirt that is not there. */
function startVgpud(busAddress = address, args: readonly string[] = []): Child {
  return start(process.execPath, ['--disable-proto=delete', main, ...args], {
    VGPUD_BUS_ADDRESS: busAddress,
    VGPUD_LIBVIRT_URI: `qemu+unix:///system?socket=${join(directory, 'no-libvirt')}`,
  });
}

beforeEach(() => {
  children = [];
  directory = mkdtempSync(join(tmpdir(), 'vgpud-bus-'));
  const socket = join(directory, 'socket');
  address = `unix:path=${socket}`;
  writeFileSync(
    join(directory, 'bus.conf'),
    `<busconfig><listen>unix:path=${socket}</listen><policy context="default"><allow user="*"/><allow own="*"/>
     <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`,
  );
});

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await exitCode(child).catch(() => undefined);
  }
  rmSync(directory, { recursive: true });
});

describe('vgpud as a process', () => {
  it('serves while libvirt is away, and ends with 0 when asked to', async () => {
    await startBus();
    const vgpud = startVgpud();
    await printed(vgpud, 'vgpud 0.1.0 on :');
    const bus = dbus.sessionBus({ busAddress: address });
    const get = new dbus.Message({
      destination: busName,
      path: managerPath,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'GetAll',
      signature: 's',
      body: [interfaces.manager],
    });
    const [properties] = (await bus.call(get))?.body ?? [];
    bus.disconnect();
    expect(properties).toMatchObject({
      Connected: { value: false },
      Stale: { value: true },
      LibvirtVersion: { value: '' },
    });
    vgpud.kill('SIGTERM');
    expect(await exitCode(vgpud)).toBe(0);
  });

  it('ends with 1 when the bus is lost', async () => {
    const bus = await startBus();
    const vgpud = startVgpud();
    await printed(vgpud, 'vgpud 0.1.0 on :');
    bus.kill('SIGKILL');
    expect(await exitCode(vgpud)).toBe(1);
  });

  it('ends with 1 when the name is taken', async () => {
    await startBus();
    const first = startVgpud();
    await printed(first, 'vgpud 0.1.0 on :');
    const second = startVgpud();
    await printed(second, `${busName} is owned by somebody else`);
    expect(await exitCode(second)).toBe(1);
    expect(first.exitCode).toBeNull();
  });

  it('ends with 0 when nobody has called it for so long, and with 1 where that is no number', async () => {
    await startBus();
    const vgpud = startVgpud(address, ['--exit-when-idle', '0.05']);
    await printed(vgpud, 'vgpud 0.1.0 on :');
    expect(await exitCode(vgpud)).toBe(0);
    for (const wrong of ['soon', '0', '-1', '1e9']) {
      expect(await exitCode(startVgpud(address, [`--exit-when-idle=${wrong}`]))).toBe(1);
    }
  });

  it('ends with 1 when there is no bus', async () => {
    const vgpud = startVgpud(`unix:path=${join(directory, 'no-bus')}`);
    await printed(vgpud, 'vgpud could not start');
    expect(await exitCode(vgpud)).toBe(1);
  });
});
