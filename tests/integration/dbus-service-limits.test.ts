// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busName, interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';

const flood = readFileSync(join(import.meta.dirname, 'dbus-service-flood.py'), 'utf8');

let host: EmulatedHost;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
});

afterAll(() => host?.stop());

/** Highest resident memory of vgpud so far, in MiB. */
async function peakMiB(): Promise<number> {
  const daemon = ['call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  const { stdout } = await host.exec('busctl', [...daemon, 'GetConnectionUnixProcessID', 's', busName]);
  const status = await host.exec('cat', [`/proc/${stdout.replace('u ', '').trim()}/status`]);
  const [, kiB] = /^VmHWM:\s+(\d+) kB$/m.exec(status.stdout) ?? [];
  return Number(kiB) / 1024;
}

/** One call with a body of variants, sent by a user without any right. */
async function send(member: string, signature: string, bytes: number): Promise<{ error: string; ms: number }> {
  const args = ['-c', flood, busName, managerPath, interfaces.manager, member, signature, String(bytes)];
  const { stdout, stderr } = await host.exec('/usr/bin/python3', args, { user: 'nobody' });
  const [, error = stderr, ms = '-1'] = /^(\S+) (\d+)\n$/.exec(stdout) ?? [];
  return { error, ms: Number(ms) };
}

describe('one message of any local user', () => {
  it('costs neither memory nor time, however large it is', async () => {
    const before = await peakMiB();
    for (const bytes of [3_200_000, 30_000_000]) {
      const { error, ms } = await send('Preview', 'ossav', bytes);
      expect(error).toBe('org.freedesktop.DBus.Error.LimitsExceeded');
      expect(ms).toBeLessThan(2000);
    }
    expect((await peakMiB()) - before).toBeLessThan(64);
  });

  it('is not decoded when its types are wrong', async () => {
    const { error, ms } = await send('FindVgpus', 'av', 60_000);
    expect(error).toBe('org.freedesktop.DBus.Error.InvalidArgs');
    expect(ms).toBeLessThan(1000);
  });

  it('is answered when it is small', async () => {
    expect((await send('Preview', 'ossav', 400)).error).toBe('me.phyllo.Vgpu1.Error.InvalidArgument');
  });
});
