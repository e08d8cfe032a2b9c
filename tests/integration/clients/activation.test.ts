// SPDX-License-Identifier: LGPL-2.1-or-later
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmulatedHost, type BusProgram, type EmulatedHost } from '../../emulated-host/index.js';
import { eventually, run } from '../../emulated-host/testing.js';
import { Lines } from './lines.js';

const shipped = join(import.meta.dirname, '../../../packages/dbus-service/data/me.phyllo.Vgpu1.service');
const installed = '/usr/share/dbus-1/system-services/me.phyllo.Vgpu1.service';
const manager = ['me.phyllo.Vgpu1', '/me/phyllo/Vgpu1/manager', 'me.phyllo.Vgpu1.Manager'];

/** A host where vgpud does not run, and can be activated at the place that it has there. */
async function startHost(bus: BusProgram): Promise<EmulatedHost> {
  const host = await startEmulatedHost('seed-page', { services: ['libvirtd'], bus });
  const inside = readFileSync(shipped, 'utf8')
    .replace('/usr/bin/node', '/run/emulated-host/bin/node')
    .replace('/usr/lib/vgpud/main.js', '/run/emulated-host/app/packages/dbus-service/dist/main.js');
  expect(inside).toMatch(
    /^Exec=\/run\/emulated-host\/bin\/node .*\/run\/emulated-host\/app\/\S+\/main\.js --exit-when-idle 60$/m,
  );
  writeFileSync(`${host.root}${installed}`, inside);
  await run(host, 'busctl', ['call', 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'ReloadConfig']);
  return host;
}

const connected = (host: EmulatedHost) =>
  host.exec('busctl', ['get-property', ...manager, 'Connected', 'Version'], { user: 'nobody' });
const processes = async (host: EmulatedHost) =>
  (await host.exec('pgrep', ['-u', 'vgpud', '-f', 'dbus-service/dist/main.js'])).stdout.split('\n').filter(Boolean);

describe('activation by dbus-daemon without systemd', { timeout: 60_000 }, () => {
  it('starts one vgpud as its user for the first calls, and answers them', async () => {
    await using host = await startHost('dbus-daemon');
    expect(await processes(host)).toEqual([]);
    const answers = await Promise.all([connected(host), connected(host), connected(host)]);
    const answer = { status: 0, stdout: 'b true\ns "0.1.0"\n', stderr: '' };
    expect(answers).toEqual([answer, answer, answer]);
    const [pid, ...more] = await processes(host);
    expect(more).toEqual([]);
    const names = (await run(host, 'sh', ['-c', `tr '\\0' '\\n' </proc/${pid}/environ | cut -d= -f1`])).trim();
    expect(names.split('\n').toSorted()).toEqual(['DBUS_STARTER_ADDRESS', 'DBUS_STARTER_BUS_TYPE']);
    expect(await run(host, 'cat', [`/proc/${pid}/status`])).toMatch(/^CapEff:\t0+$/m);
  });

  it('starts it again when it was killed', async () => {
    await using host = await startHost('dbus-daemon');
    expect(await connected(host)).toMatchObject({ status: 0 });
    const [pid = ''] = await processes(host);
    await run(host, 'kill', ['-KILL', pid]);
    await eventually('the bus has seen its end', async () => {
      const owner = await host.exec('busctl', [
        'call',
        'org.freedesktop.DBus',
        '/',
        'org.freedesktop.DBus',
        'GetNameOwner',
        's',
        'me.phyllo.Vgpu1',
      ]);
      expect(owner.status).toBe(1);
    });
    expect(await connected(host)).toMatchObject({ status: 0, stdout: 'b true\ns "0.1.0"\n' });
    expect(await processes(host)).not.toContain(pid);
  });
});

describe('an object manager of GLib whose service was killed', { timeout: 60_000 }, () => {
  it('is empty until somebody calls the service', async () => {
    await using host = await startHost('dbus-daemon');
    expect(await connected(host)).toMatchObject({ status: 0 });
    mkdirSync(join(host.root, 'run/clients'));
    cpSync(join(import.meta.dirname, 'programs/objects.gjs.js'), join(host.root, 'run/clients/objects.gjs.js'));
    const process = host.spawn('gjs', ['-m', '/run/clients/objects.gjs.js']);
    const client = new Lines(process);
    try {
      const [, count] = /^has (\d+) objects/.exec(await client.until(/^has/)) ?? [];
      const [pid = ''] = await processes(host);
      await run(host, 'kill', ['-KILL', pid]);
      await client.until('gone with 0 objects left');
      expect(await processes(host)).toEqual([]);
      await run(host, 'busctl', ['call', ...manager.slice(0, 2), 'org.freedesktop.DBus.Peer', 'Ping']);
      expect(await client.until(/^back/)).toBe(`back with ${count} objects`);
    } finally {
      process.kill('SIGKILL');
    }
  });
});

describe('dbus-broker, which activates through systemd alone', { timeout: 60_000 }, () => {
  it('says so at once where there is none, and vgpuctl ends with "unavailable"', async () => {
    await using host = await startHost('dbus-broker');
    expect(await connected(host)).toMatchObject({ status: 1, stderr: expect.stringContaining('unit failed') });
    expect(await host.exec('vgpuctl', ['status'])).toMatchObject({ status: 7 });
    expect(await processes(host)).toEqual([]);
  });
});
