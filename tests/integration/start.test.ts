// SPDX-License-Identifier: LGPL-2.1-or-later
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulatedHost, type EmulatedHost } from '../emulated-host/index.js';
import { eventually, run } from '../emulated-host/testing.js';

const program = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
const log = '/run/start.log';

/**
 * Makes the emulated host a machine where vgpud was never installed. Everything below /etc and /var/lib becomes
 * private, so that users and files can be added; what is mounted there already stays.
 */
const forgetVgpud = `
  set -e
  find /usr/share/dbus-1 /usr/share/polkit-1 -name '*me.phyllo.*' -type f -exec rm {} +
  rm /usr/share/polkit-1/rules.d/60-vgpud.rules
  umount -l /etc/passwd /etc/group
  for folder in /etc /var/lib; do
    new=/run/private$folder
    mkdir -p $new
    mount -t tmpfs private $new
    mkdir $new/upper $new/work $new/root
    mount -t overlay -o lowerdir=$folder,upperdir=$new/upper,workdir=$new/work private $new/root
    cut -d' ' -f5 /proc/self/mountinfo | grep "^$folder/" | while read -r mounted; do
      mount --bind $mounted $new/root\${mounted#$folder}
    done
    mount --rbind $new/root $folder
  done
  ! getent passwd vgpud
  dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ReloadConfig`;

/** Everything that the program may touch, with contents. */
const machineState = `
  getent passwd; getent group
  find /etc/dbus-1 /etc/polkit-1 /usr/share/dbus-1 /usr/share/polkit-1 /var/lib/vgpud* /run/vgpud* -ls | awk '{ print $3, $11 }'
  cat /proc/mounts
  pkaction | grep me.phyllo`;

describe('npm start', { timeout: 60_000 }, () => {
  let host: EmulatedHost;
  let before: string;
  beforeEach(async () => {
    host = await startEmulatedHost('seed-page', { services: ['bus', 'polkit', 'libvirtd'] });
    await run(host, 'sh', ['-c', forgetVgpud]);
    await eventually('polkit forgets the actions', async () => {
      before = await machine();
      if (before.includes('me.phyllo')) throw new Error(before);
    });
  });
  afterEach(() => host?.stop());

  const machine = async () => (await host.exec('sh', ['-c', machineState])).stdout;
  const start = (...args: string[]) => host.exec('node', [program, ...args]);

  /** Starts it in the background and waits until vgpuctl gets an answer; gives its process id. */
  async function startServing(): Promise<string> {
    const script = `node ${program} --yes >${log} 2>&1 & echo $!`;
    const pid = (await run(host, 'sh', ['-c', script])).trim();
    await eventually('vgpud answers', async () => {
      const { status, stderr } = await host.exec('vgpuctl', ['status']);
      if (status !== 0) throw new Error(`${stderr}${await run(host, 'cat', [log])}`);
    });
    return pid;
  }

  const gone = (pid: string) =>
    eventually(`process ${pid} ends`, async () => {
      const { stdout } = await host.exec('ps', ['-o', 'stat=', '-p', pid]);
      expect(stdout.trim()).toMatch(/^(Z.*)?$/);
    });

  it('serves the machine as the user vgpud, and takes away all it brought when it is ended', async () => {
    const pid = await startServing();
    const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
    await run(host, 'vgpuctl', ['start', '-u', uuid, '-p', '0000:00:02.0', '-t', 'i915-GVTg_V5_4']);
    expect(await run(host, 'mdevctl', ['list'])).toContain(uuid);
    expect(await run(host, 'ps', ['-o', 'user=', '-C', 'node'])).toContain('vgpud');
    expect(await machine()).toContain('/etc/polkit-1/rules.d/60-vgpud.rules');
    expect(await machine()).toContain('/usr/share/dbus-1/interfaces/me.phyllo.Vgpu1.xml');

    await run(host, 'kill', ['-TERM', pid]);
    await gone(pid);
    await eventually('the machine is as before', async () => expect(await machine()).toBe(before));
  });

  it('ends vgpud when it is killed itself, and --remove takes away what is left', async () => {
    const pid = await startServing();
    await run(host, 'kill', ['-KILL', pid]);
    await gone(pid);
    await eventually('vgpud ends', async () => expect((await host.exec('vgpuctl', ['status'])).status).toBe(7));
    expect(await machine()).toContain('/etc/dbus-1/system.d/me.phyllo.Vgpu1.conf');

    expect(await start('--remove')).toMatchObject({ status: 0, stderr: '' });
    await eventually('the machine is as before', async () => expect(await machine()).toBe(before));
    expect(await start('--remove')).toMatchObject({ status: 0, stderr: 'nothing is installed\n' });
  });

  it('leaves a file that was changed meanwhile, and says so', async () => {
    const pid = await startServing();
    const rules = '/etc/polkit-1/rules.d/60-vgpud.rules';
    await run(host, 'sh', ['-c', `echo '// mine' >> ${rules}`]);
    await run(host, 'kill', ['-TERM', pid]);
    await gone(pid);
    expect(await run(host, 'cat', [log])).toContain(`${rules} was not removed: it has been changed`);
    expect(await run(host, 'tail', ['-n1', rules])).toBe('// mine\n');
  });

  it('installs nothing without consent', async () => {
    const { status, stderr } = await start();
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('add --yes') });
    expect(await machine()).toBe(before);
  });

  it('installs nothing where libvirt does not answer', async () => {
    await host.killLibvirtd();
    expect(await start('--yes')).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('libvirt does not answer'),
    });
    expect(await machine()).toBe(before);
  });

  it('refuses a machine where vgpud is installed', async () => {
    await run(host, 'touch', ['/usr/share/dbus-1/system.d/me.phyllo.Vgpu1.conf']);
    expect(await start('--yes')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('installed on this machine already'),
    });
  });

  it('leaves somebody else’s file alone, and undoes what it had done before it met it', async () => {
    const rules = '/etc/polkit-1/rules.d/60-vgpud.rules';
    await run(host, 'sh', ['-c', `echo '// theirs' > ${rules}`]);
    const found = await machine();
    expect(await start('--yes')).toMatchObject({ status: 1, stderr: expect.stringContaining('exists already') });
    await eventually('the machine is as before', async () => expect(await machine()).toBe(found));
    expect(await run(host, 'cat', [rules])).toBe('// theirs\n');
  });
});
