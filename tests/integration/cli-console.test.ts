// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCliHost, type CliHost } from './cli-host.js';

const leaveKey = '\u001d';

/**
 * A guest of one sector. It sends dots until it receives something, and from then on everything back:
 *   dots: mov dx, 3fdh; in al, dx; test al, 1; jnz echo; test al, 20h; jz dots; mov dx, 3f8h; mov al, '.'; out dx, al;
 *         mov cx, 8000h; loop $; jmp dots
 *   echo: mov dx, 3fdh; in al, dx; test al, 1; jz echo; mov dx, 3f8h; in al, dx; out dx, al; jmp echo
 */
const guestCode = Buffer.from(
  'bafd03eca8017511a82074f4baf803b02eeeb90080e2feebe7bafd03eca80174f8baf803eceeebf1',
  'hex',
);

function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  guestCode.copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

const pty = "<serial type='pty'/><console type='pty'/>";

/** The same name has the same UUID, so that it can be defined again. */
function uuidOf(name: string): string {
  return Buffer.from(name.padEnd(16))
    .toString('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function domainXml(name: string, console: string): string {
  return `<domain type='qemu'><name>${name}</name><uuid>${uuidOf(name)}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
    <devices><memballoon model='none'/>${console}
      <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/run/emulated-host/${name}.img'/><target dev='hda'/></disk>
    </devices></domain>`;
}

describe('vgpuctl console', { timeout: 120_000 }, () => {
  let host: CliHost;
  beforeAll(async () => {
    host = await startCliHost();
    await define('echo', pty);
    await host.succeed('domain', 'start', 'echo');
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  async function define(name: string, console: string): Promise<void> {
    const script = `base64 -d > /run/emulated-host/${name}.img`;
    await host.machine.exec('sh', ['-c', script], { input: bootSector().toString('base64') });
    await host.define(uuidOf(name), domainXml(name, console));
  }

  it('carries bytes both ways and gives the terminal back after Ctrl+]', async () => {
    const { seen, status, restored } = await host.atTerminal(
      ['console', 'echo'],
      [
        ['Ctrl+] leaves\r\n', ''],
        ['.', 'a\u0003b\r'],
        // What would interrupt an ordinary program goes to the guest, and comes back.
        ['a\u0003b\r', `c${leaveKey}never sent`],
      ],
    );
    expect({ status, restored }).toStrictEqual({ status: 0, restored: true });
    expect(seen).toContain('Connected to echo; Ctrl+] leaves\r\n');
    expect(seen).not.toContain('never sent');
  });

  it('can be opened again', async () => {
    const { status } = await host.atTerminal(
      ['console', 'echo'],
      [
        ['leaves\r\n', 'again'],
        ['again', leaveKey],
      ],
    );
    expect(status).toBe(0);
  });

  it('may be opened by root only, and says so', async () => {
    const { seen, status, restored } = await host.atTerminal(['console', 'echo'], [], 'nobody');
    expect({ status, restored }).toStrictEqual({ status: 4, restored: true });
    expect(seen).toMatch(/vgpuctl: \/dev\/pts\/\d+ may not be opened by this user\r\n/);
  });

  it('needs a terminal', async () => {
    const { status, stderr } = await host.vgpuctl(['console', 'echo']);
    expect({ status, stderr }).toStrictEqual({
      status: 2,
      stderr: 'vgpuctl: console needs a terminal as its input and output\n',
    });
  });

  it('ends when the virtual machine ends', async () => {
    await define('brief', pty);
    await host.succeed('domain', 'start', 'brief');
    const { seen, status, restored } = await host.atTerminal(
      ['console', 'brief'],
      [['leaves\r\n', '$ virsh destroy brief']],
    );
    expect({ status, restored }).toStrictEqual({ status: 0, restored: true });
    expect(seen).toContain('brief has closed its console\r\n');
  });

  it('says that one which is stored while the virtual machine runs comes with the next start', async () => {
    await define('late', '');
    await host.succeed('domain', 'start', 'late');
    await define('late', pty);
    const message =
      "late runs without a console: its definition needs <console type='pty'/> inside <devices>, from its next start on";
    // The service sees a moment later what virsh has defined.
    const once = { timeout: 10_000 };
    await expect.poll(() => refusal('late'), once).toStrictEqual({ status: 15, stderr: `vgpuctl: ${message}\n` });
  });

  it.each([
    ['stopped', pty, 'stopped has a console only while it runs, and is shut-off: vgpuctl domain start stopped'],
    ['mute', '', "mute has no console: its definition needs <console type='pty'/> inside <devices>"],
    [
      'remote',
      "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='0'/></serial>",
      "remote has a console of type tcp, which has no terminal: its definition needs <console type='pty'/> inside <devices>",
    ],
  ])('says why there is none: %s', async (name, console, message) => {
    await define(name, console);
    const once = { timeout: 10_000 };
    await expect.poll(() => refusal(name), once).toStrictEqual({ status: 15, stderr: `vgpuctl: ${message}\n` });
  });

  async function refusal(name: string): Promise<{ status: number; stderr: string }> {
    const { status, stderr } = await host.vgpuctl(['console', name]);
    return { status, stderr };
  }
});
