// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ErrorDomain, LibvirtError, open, type CloseReason } from './index.js';
import { Daemon, daemonObstacle } from './test/daemon.js';
import { printed, runScript } from './test/child.js';

const obstacle = daemonObstacle();
if (obstacle !== undefined) console.warn(`tests with a daemon of their own are skipped: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('a connection to a daemon', { timeout: 40_000 }, () => {
  let daemon: Daemon;
  beforeEach(async () => {
    daemon = await Daemon.start();
  }, 30_000);
  afterEach(async () => {
    await daemon.stop();
  });

  const keepAlive = { intervalSeconds: 1, count: 2 };

  test('works, with events', async () => {
    await using connection = await open(daemon.uri);
    expect(await connection.isAlive()).toBe(true);
    const domain = await connection.lookupDomainByName('test');
    const stopped = new Promise<string>((resolve) => {
      void connection.onDomainEvent('lifecycle', (event) => resolve(event.uuid));
    });
    await domain.destroy();
    expect(await stopped).toBe(domain.uuid);
    await domain.create();
  });

  test('that dies tells so, and every pending and later call rejects', async () => {
    const connection = await open(daemon.uri);
    const device = await connection.lookupNodeDeviceByName('computer');
    const subscription = await connection.onDomainEvent('lifecycle', () => {});
    const reason = new Promise<CloseReason>((resolve) => connection.onClose(resolve));
    daemon.signal('SIGSTOP');
    const pending = Array.from({ length: 20 }, () => device.getXmlDesc().catch((error: unknown) => error));
    daemon.signal('SIGKILL');
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(LibvirtError);
    expect(await reason).toBe('end-of-file');
    expect(connection.state).toBe('lost');
    await expect(device.getXmlDesc()).rejects.toMatchObject({ code: 1, domain: ErrorDomain.RPC });
    await subscription.dispose();
    device.dispose();
    await connection.close();
    expect(connection.state).toBe('closed');
  });

  test('that falls silent is lost after the keep-alive time, and blocks nobody else', async () => {
    const connection = await open(daemon.uri, { keepAlive });
    const reason = new Promise<CloseReason>((resolve) => connection.onClose(resolve));
    daemon.signal('SIGSTOP');
    const pending = Array.from({ length: 20 }, () => connection.listDomainsWithXml().catch((error: unknown) => error));
    // More than the threads of Node's pool.
    const start = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => readFile(import.meta.filename)));
    expect(performance.now() - start).toBeLessThan(1000);
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(LibvirtError);
    expect(await reason).toBe('keep-alive');
    await connection.close();
  });

  test('that hangs does not hold process.exit', async () => {
    const started = performance.now();
    const outcome = await runScript(`
      const connection = await libvirt.open(${JSON.stringify(daemon.uri)}, { keepAlive: false });
      process.kill(${daemon.pid()}, 'SIGSTOP');
      connection.listDomainsWithXml();
      setTimeout(() => process.exit(7), 200);`);
    expect(outcome).toEqual(printed('', 7));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
