// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { startCliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

const server = 'web server';
const oneSpace = '11111111-0000-4000-8000-000000000001';
const twoSpaces = '11111111-0000-4000-8000-000000000002';
const invisible = '11111111-0000-4000-8000-000000000003';

function domainXml(name: string, domainUuid: string): string {
  return `<domain type='qemu'><name>${name}</name><uuid>${domainUuid}</uuid><memory unit='MiB'>16</memory>
    <os><type arch='x86_64' machine='pc'>hvm</type></os><devices><memballoon model='none'/></devices></domain>`;
}

describe('virtual machines whose names look alike', { timeout: 120_000 }, () => {
  it('are not confused: a UUID is asked for, and starts that one', async () => {
    await using host = await startCliHost();
    await host.define(oneSpace, domainXml(server, oneSpace));
    await host.define(twoSpaces, domainXml('web  server', twoSpaces));
    await host.succeed('domain', 'start', 'web  server');
    expect(await host.output('virsh', 'list', '--uuid')).toBe(`${twoSpaces}\n\n`);
    await host.succeed('domain', 'force-off', 'web  server');
    await host.define(invisible, domainXml('web\u200bserver', invisible));
    const refused = await host.vgpuctl(['domain', 'start', server]);
    expect({ status: refused.status, stdout: refused.stdout }).toStrictEqual({ status: 17, stdout: '' });
    expect(refused.stderr).toContain(`${oneSpace} or ${invisible}`);
    await host.succeed('domain', 'start', invisible);
    expect(await host.output('virsh', 'list', '--uuid')).toBe(`${invisible}\n\n`);
    expect(await host.succeed('domains', '--uuid')).toMatch(new RegExp(`^${invisible}  web server .*running`, 'm'));
  });
});

describe('a vGPU that is gone while a virtual machine has it', { timeout: 120_000 }, () => {
  it('can be unassigned, with its parent or without, once', async () => {
    await using host = await startCliHost();
    for (const reference of [uuid, `${uuid}@${parent}`]) {
      await host.succeed('start', '-u', uuid, '-p', parent, '-t', typeId);
      await host.succeed('assign', uuid, 'phyllome');
      await host.succeed('stop', '-u', uuid);
      expect(await host.succeed('list', '-u', uuid)).not.toContain(uuid);
      const shown = await host.succeed('unassign', reference, 'phyllome', '--dry-run');
      expect(await host.output('virsh', 'dumpxml', '--inactive', 'phyllome')).toContain(uuid);
      expect(await host.succeed('unassign', reference, 'phyllome')).toBe(
        `${shown}${uuid} is no longer assigned to phyllome\n`,
      );
      expect(await host.output('virsh', 'dumpxml', '--inactive', 'phyllome')).not.toContain(uuid);
    }
    const again = await host.vgpuctl(['unassign', uuid, 'phyllome']);
    expect(again).toMatchObject({ status: 10, stdout: '' });
    expect(again.stderr).toBe(`vgpuctl: vGPU ${uuid} does not exist, and is not assigned to phyllome\n`);
  });
});
