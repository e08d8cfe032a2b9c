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

/** What vgpud has used so far: its highest resident memory in MiB, and its processor time in ms. */
async function used(): Promise<{ readonly peakMiB: number; readonly cpuMs: number }> {
  const daemon = ['call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  const { stdout } = await host.exec('busctl', [...daemon, 'GetConnectionUnixProcessID', 's', busName]);
  const pid = stdout.replace('u ', '').trim();
  const { stdout: status } = await host.exec('cat', [`/proc/${pid}/status`]);
  const { stdout: stat } = await host.exec('cat', [`/proc/${pid}/stat`]);
  const [, kiB] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  // Fields 14 and 15, in ticks of 10 ms; the name before them may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { peakMiB: Number(kiB) / 1024, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
}

/** One call with a body of variants, sent by a user without any right. */
async function send(member: string, signature: string, bytes: number): Promise<string> {
  const args = ['-c', flood, busName, managerPath, interfaces.manager, member, signature, String(bytes)];
  const { stdout, stderr } = await host.exec('/usr/bin/python3', args, { user: 'nobody' });
  return stdout.trim() || stderr;
}

describe('one message of any local user', () => {
  it('costs neither memory nor time, however large it is', async () => {
    const before = await used();
    for (const bytes of [3_200_000, 30_000_000]) {
      expect(await send('Preview', 'ossav', bytes)).toBe('org.freedesktop.DBus.Error.LimitsExceeded');
    }
    const after = await used();
    expect(after.peakMiB - before.peakMiB).toBeLessThan(64);
    expect(after.cpuMs - before.cpuMs).toBeLessThan(1000);
  });

  it('is not decoded when its types are wrong', async () => {
    expect(await send('FindVgpus', 'av', 60_000)).toBe('org.freedesktop.DBus.Error.InvalidArgs');
  });

  it('is answered when it is small', async () => {
    expect(await send('Preview', 'ossav', 400)).toBe('me.phyllo.Vgpu1.Error.InvalidArgument');
  });
});
