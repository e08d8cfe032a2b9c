// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringArchive, unpacked } from './installed.js';
import { Lab } from './lab.js';

const busCall =
  'busctl --timeout=240 --json=short get-property me.phyllo.Vgpu1 /me/phyllo/Vgpu1/manager me.phyllo.Vgpu1.Manager';
/** Everything that is no pseudo file system and changes for a reason; the user's lines are looked at on their own. */
const listFiles =
  "find / -xdev '(' -path /root -o -path /tmp -o -path /var/tmp -o -path /run -o -path /var/log -o -path /var/lib/systemd -o -path /var/cache ')' -prune -o '(' -type f -o -type l ')' -print | sort";

describe('installation from the archive', () => {
  const lab = new Lab();
  let before = '';

  beforeAll(async () => {
    await lab.try('/usr/lib/vgpud/uninstall.sh');
    before = await lab.run(listFiles);
    await bringArchive(lab);
    await lab.run(`${unpacked}/install.sh`);
  });

  afterAll(async () => {
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  it('starts nothing; the first call does, as its own user', async () => {
    expect((await lab.try('systemctl is-active vgpud')).stdout.trim()).toBe('inactive');
    expect(await lab.run(`${busCall} Connected`)).toBe('{"type":"b","data":true}\n');
    expect(await lab.run('systemctl is-active vgpud')).toBe('active\n');
    expect(await lab.run('ps -o user= -p $(systemctl show -P MainPID vgpud)')).toBe('vgpud\n');
    expect((await lab.run('vgpuctl status')).toLowerCase()).toContain('libvirt');
  });

  it('is exposed to 1.5 at most, as systemd counts', async () => {
    const text = await lab.run('systemd-analyze security --no-pager vgpud');
    expect(Number(/Overall exposure level for vgpud.service: ([\d.]+)/.exec(text)?.[1])).toBeLessThanOrEqual(1.5);
  });

  it('can be repeated while vgpud runs, which then is the new one', async () => {
    await lab.run(`${busCall} Connected`);
    const pid = await lab.run('systemctl show -P MainPID vgpud');
    const installed = await lab.run(listFiles);
    await lab.run(`${unpacked}/install.sh`);
    expect(await lab.run(listFiles)).toBe(installed);
    expect(await lab.run('systemctl show -P MainPID vgpud')).not.toBe(pid);
    expect(await lab.run(`${busCall} Connected`)).toBe('{"type":"b","data":true}\n');
  });

  it('leaves nothing but the user when it is removed', async () => {
    await lab.run('/usr/lib/vgpud/uninstall.sh');
    expect(await lab.run(listFiles)).toBe(before);
    expect(await lab.run('getent passwd vgpud')).toMatch(/^vgpud:/);
    expect((await lab.try(`${busCall} Connected`)).stderr).toContain('not provided by any .service files');
    expect((await lab.try('pgrep -u vgpud')).stdout).toBe('');
    await lab.run(`${unpacked}/uninstall.sh`);
  });
});
