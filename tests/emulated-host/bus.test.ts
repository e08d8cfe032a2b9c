// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatedHost, type BusProgram, type EmulatedHost } from './index.js';
import { run } from './testing.js';

const program = { 'dbus-daemon': 'dbus-daemon', 'dbus-broker': 'dbus-broker-lau' } as const;

describe.each<BusProgram>(['dbus-daemon', 'dbus-broker'])('the system bus is %s', (bus) => {
  let host: EmulatedHost;
  beforeAll(async () => {
    host = await startEmulatedHost('no-iommu', { services: ['vgpud'], bus });
  });
  afterAll(() => host?.stop());

  const call = (user: string, ...args: readonly string[]) => host.exec('busctl', ['call', ...args], { user });
  const ask = (user: string, member: string, ...args: readonly string[]) =>
    call(user, 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', member, ...args);
  const ping = (interfaceName: string) =>
    call('nobody', 'me.phyllo.Vgpu1', '/me/phyllo/Vgpu1', interfaceName, interfaceName.endsWith('Peer') ? 'Ping' : 'X');

  it('and no other', async () => {
    const { stdout } = await ask('nobody', 'GetConnectionUnixProcessID', 's', 'org.freedesktop.DBus');
    const [, pid = ''] = stdout.trim().split(' ');
    expect(await run(host, 'cat', [`/proc/${pid}/comm`])).toBe(`${program[bus]}\n`);
  });

  it('lets the user vgpud alone own the name', async () => {
    const { stdout } = await ask('nobody', 'GetConnectionUnixUser', 's', 'me.phyllo.Vgpu1');
    expect(stdout).toBe(`u ${(await run(host, 'id', ['-u', 'vgpud'])).trim()}\n`);
    await host.killService('vgpud');
    const own = ['su', 'me.phyllo.Vgpu1', '0'];
    expect(await ask('root', 'RequestName', ...own)).toMatchObject({
      status: 1,
      stderr: 'Call failed: Access denied\n',
    });
    expect(await ask('vgpud', 'RequestName', ...own)).toMatchObject({ status: 0, stdout: 'u 1\n' });
    await host.startService('vgpud');
  });

  it('passes on calls of the listed interfaces alone', async () => {
    expect(await ping('org.freedesktop.DBus.Peer')).toMatchObject({ status: 0, stderr: '' });
    expect(await ping('me.phyllo.Vgpu1.VgpuType')).toMatchObject({ stderr: 'Call failed: Access denied\n' });
    expect((await ping('me.phyllo.Vgpu1.Manager')).stderr).not.toContain('Access denied');
  });

  it('can be killed and started again', async () => {
    await host.killService('bus');
    for (const service of ['bus', 'polkit', 'vgpud'] as const) {
      // Each needs the one before it.
      // eslint-disable-next-line no-await-in-loop
      await host.startService(service);
    }
    expect(await ping('org.freedesktop.DBus.Peer')).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = await host.exec('pgrep', ['-fc', 'broker.py|dbus-broker-launch|dbus-daemon --system']);
    expect(stdout).toBe(bus === 'dbus-broker' ? '2\n' : '1\n');
  });
});
