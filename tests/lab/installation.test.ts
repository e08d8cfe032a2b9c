// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringArchive, unitChanges, unpacked } from './installed.js';
import { Lab } from './lab.js';

/** Reads whether libvirt is there. busctl's get-property would wait 25 s at most, which a start here can take. */
const busCall =
  'busctl --timeout=240 --json=short call me.phyllo.Vgpu1 /me/phyllo/Vgpu1/manager org.freedesktop.DBus.Properties Get ss me.phyllo.Vgpu1.Manager Connected';
/** SD_MESSAGE_UNIT_SUCCESS: a unit has ended without a failure. systemd itself forgets it then. */
const unitSuccess = '7ad2d189f7e94e70a38c781354912448';
/** Everything that is no pseudo file system and changes for a reason; the user's lines are looked at on their own. */
const listFiles =
  "find / -xdev '(' -path /root -o -path /tmp -o -path /var/tmp -o -path /run -o -path /var/log -o -path /var/lib/systemd -o -path /var/cache ')' -prune -o '(' -type f -o -type l ')' -print | sort";

describe('installation from the archive', () => {
  const lab = new Lab();
  let before = '';
  /** It answers before libvirt does: on this slow machine it often has not opened it yet. */
  const connected = () => lab.until(`${busCall} | grep -F '"data":true'`);
  const unit = (property: string) => lab.unitProperty('vgpud', property);

  beforeAll(async () => {
    await lab.try(`/usr/lib/vgpud/uninstall.sh; rm -rf ${unitChanges}`);
    before = await lab.run(listFiles);
    await bringArchive(lab);
    await lab.run(`${unpacked}/install.sh`);
  });

  afterAll(async () => {
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  it('starts nothing; the first call does, as its own user', async () => {
    expect((await lab.try('systemctl is-active vgpud')).stdout.trim()).toBe('inactive');
    await lab.run(busCall);
    expect(await lab.run('systemctl is-active vgpud')).toBe('active\n');
    await connected();
    expect(await lab.run('ps -o user= -p $(systemctl show -P MainPID vgpud)')).toBe('vgpud\n');
    expect((await lab.run('vgpuctl status')).toLowerCase()).toContain('libvirt');
  });

  it('is exposed to 1.5 at most, as systemd counts', async () => {
    const text = await lab.run('systemd-analyze security --no-pager vgpud');
    expect(Number(/Overall exposure level for vgpud.service: ([\d.]+)/.exec(text)?.[1])).toBeLessThanOrEqual(1.5);
  });

  it('ends without use, which is no failure, and the next call starts it again', async () => {
    await connected();
    const [pid, run] = [await unit('MainPID'), await unit('InvocationID')];
    await lab.until('test "$(systemctl show -P ActiveState vgpud)" = inactive');
    await lab.until(
      `journalctl --quiet --output=cat UNIT=vgpud.service INVOCATION_ID=${run} MESSAGE_ID=${unitSuccess} | grep .`,
    );
    await lab.run(busCall);
    expect(await unit('ActiveState')).toBe('active');
    expect(await unit('MainPID')).not.toBe(pid);
  });

  it('is started again by systemd when it was killed, without a call', async () => {
    await connected();
    const pid = await unit('MainPID');
    const restarts = Number(await unit('NRestarts'));
    await lab.run(`kill -KILL ${pid}`);
    await lab.until(`test "$(systemctl show -P NRestarts vgpud)" = ${restarts + 1} && systemctl is-active vgpud`);
    expect(await unit('MainPID')).not.toBe(pid);
    await connected();
  });

  it('can be repeated while vgpud runs, which then is the new one', async () => {
    await lab.run(busCall);
    const pid = await unit('MainPID');
    const installed = await lab.run(listFiles);
    await lab.run(`${unpacked}/install.sh`);
    expect(await lab.run(listFiles)).toBe(installed);
    expect(await unit('MainPID')).not.toBe(pid);
    await connected();
  });

  it('leaves nothing but the user when it is removed', async () => {
    await lab.run('/usr/lib/vgpud/uninstall.sh');
    expect(await lab.run(listFiles)).toBe(before);
    // What an earlier installation had left would be in both lists.
    const installed = `$(sed '/^#/d; s/.* //' ${unpacked}/files) /usr/bin/vgpuctl /usr/lib/vgpud /var/lib/vgpud`;
    expect(await lab.run(`for path in ${installed}; do [ ! -e $path ] || echo $path; done`)).toBe('');
    expect(await lab.run('getent passwd vgpud')).toMatch(/^vgpud:/);
    expect((await lab.try(busCall)).stderr).toContain('not provided by any .service files');
    expect((await lab.try('pgrep -u vgpud')).stdout).toBe('');
    await lab.run(`${unpacked}/uninstall.sh`);
  });
});
