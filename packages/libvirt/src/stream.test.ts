// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Daemon, daemonObstacle } from './test/daemon.mjs';
import { ErrorNumber, LibvirtError, open, type Connection, type Domain, type DomainStream } from './index.js';
import { runScript } from './test/child.js';
import { examples } from './test/readme.js';
import { until } from './test/until.js';

test('a screenshot comes whole, with its type', async () => {
  await using connection = await open('test:///default');
  const domain = await connection.lookupDomainByName('test');
  const { mimeType, data } = await domain.screenshot();
  expect(mimeType).toBe('image/png');
  expect(data.subarray(1, 4).toString()).toBe('PNG');
  // The last chunk of every PNG.
  expect(data.subarray(-8, -4).toString()).toBe('IEND');
});

test('a driver without consoles says so', async () => {
  await using connection = await open('test:///default');
  const domain = await connection.lookupDomainByName('test');
  await expect(domain.openConsole()).rejects.toMatchObject({ code: ErrorNumber.NO_SUPPORT });
  await expect(domain.openChannel({ name: 'x' })).rejects.toMatchObject({ code: ErrorNumber.NO_SUPPORT });
  expect(await connection.countHandles()).toBe(1);
});

/** Boots without a disk driver: says R on the first serial port, then sends back every byte that comes there. */
const echo = Buffer.alloc(512);
echo.set([0xba, 0xf8, 0x03, 0xb0, 0x52, 0xee]);
echo.set([0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1], 6);
echo.set([0x55, 0xaa], 510);

const qemu = '/usr/bin/qemu-system-x86_64';
const obstacle = daemonObstacle() ?? (existsSync(qemu) ? undefined : 'qemu-system-x86_64 is not installed');

describe('a console', { timeout: 60_000 }, () => {
  let daemon: Daemon;
  let connection: Connection;
  let domain: Domain;
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    daemon = await Daemon.start();
    writeFileSync(join(daemon.folder, 'echo.img'), echo);
  }, 30_000);
  beforeEach(async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    connection = await open(daemon.qemuUri);
    domain = await connection.createDomainXml(`<domain type='qemu'><name>echo</name><memory>65536</memory>
      <os><type arch='x86_64' machine='pc'>hvm</type></os>
      <devices><emulator>${qemu}</emulator>
        <disk type='file' device='floppy'><driver name='qemu' type='raw'/>
          <source file='${join(daemon.folder, 'echo.img')}'/><target dev='fda'/><readonly/></disk>
        <serial type='pty'/><video><model type='vga'/></video><graphics type='vnc' port='-1'><listen type='none'/></graphics><memballoon model='none'/></devices></domain>`);
    return async () => {
      if (connection.state === 'open') await domain.destroy().catch(() => {});
      await connection.close();
    };
  }, 30_000);
  afterAll(async () => {
    if (obstacle === undefined) await daemon.stop();
  });

  async function openReady(): Promise<DomainStream> {
    const terminal = await domain.openConsole({ device: 'serial0' });
    let text = '';
    const listener = (data: Buffer): void => void (text += data.toString('latin1'));
    terminal.on('data', listener);
    terminal.write('?');
    // The guest may have said R before anybody listened.
    await until('the guest answers', () => text.includes('?'), 20_000);
    terminal.off('data', listener);
    return terminal;
  }

  test('carries bytes both ways, and other calls go on', async () => {
    const terminal = await openReady();
    const sent = Buffer.from(Array.from({ length: 8192 }, (_, index) => ((index * 7 + 33) & 0x7f) | 0x20));
    const received: Buffer[] = [];
    terminal.on('data', (data: Buffer) => received.push(data));
    terminal.write(sent);
    expect(await domain.isActive()).toBe(true);
    await until('everything came back', () => Buffer.concat(received).length >= sent.length, 20_000);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    terminal.destroy();
    await once(terminal, 'close');
    expect(await connection.countHandles()).toBe(1);
  });

  test('works as the README shows', async () => {
    const example = examples().find(({ section }) => section === 'Consoles and pictures')!;
    const code = example.code.replace('qemu:///system', daemon.qemuUri).replace("'desktop'", "'echo'");
    expect(await runScript(code)).toMatchObject({
      code: 0,
      stderr: '',
      // R is what the guest says first.
      stdout: expect.stringMatching(
        /^R?hello\nimage\/x-portable-pixmap true\n$|^R?hello\nimage\/png true\n$/,
      ) as string,
    });
  });

  test('ends when the domain stops', async () => {
    const terminal = await openReady();
    terminal.resume();
    const ended = once(terminal, 'close');
    await domain.destroy();
    await ended;
    expect(terminal.destroyed).toBe(true);
    expect(await connection.countHandles()).toBe(1);
  });

  test('closes with its connection', async () => {
    const terminal = await openReady();
    const ended = once(terminal, 'close');
    await connection.close();
    await ended;
    expect(terminal.errored).toBeNull();
    connection = await open(daemon.qemuUri);
    domain = await connection.lookupDomainByName('echo');
  });

  test('fails when the connection is lost', async () => {
    const terminal = await openReady();
    const failed = new Promise((resolve) => terminal.once('error', resolve));
    daemon.signal('SIGKILL');
    expect(await failed).toBeInstanceOf(LibvirtError);
    await connection.close();
    await daemon.restart();
  });
});
