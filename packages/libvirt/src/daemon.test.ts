// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DisposedError, ErrorDomain, LibvirtError, open, type CloseReason } from './index.js';
import { Daemon, daemonObstacle } from './test/daemon.mjs';
import { printed, runScript } from './test/child.js';
import { threadsNamed } from './test/threads.js';
import { until } from './test/until.js';

const obstacle = daemonObstacle();

describe('a connection to a daemon', { timeout: 60_000 }, () => {
  let daemon: Daemon;
  beforeEach(async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    daemon = await Daemon.start();
  }, 30_000);
  afterEach(async () => {
    if (obstacle === undefined) await daemon.stop();
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

  test('that is stopped for six seconds stops neither timers nor file reads', async () => {
    const connection = await open(daemon.uri);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last - 10);
      last = performance.now();
    }, 10);
    daemon.signal('SIGSTOP');
    const lists = Array.from({ length: 20 }, () => connection.listDomainsWithXml());
    const stopped = performance.now();
    let slowestRead = 0;
    while (performance.now() - stopped < 6000) {
      const start = performance.now();
      await Promise.all(Array.from({ length: 8 }, () => readFile(import.meta.filename)));
      slowestRead = Math.max(slowestRead, performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    clearInterval(timer);
    daemon.signal('SIGCONT');
    expect((await Promise.all(lists)).flat()).toHaveLength(20);
    await connection.close();
    // Generous for a busy machine; what blocks takes six seconds.
    expect({ longest, slowestRead }).toEqual({
      longest: expect.toSatisfy((ms: number) => ms < 2000),
      slowestRead: expect.toSatisfy((ms: number) => ms < 2000),
    });
  });

  test('that hangs is given up by signals: the call in flight is dropped, those behind it are never made', async () => {
    const connection = await open(daemon.uri, { keepAlive: false });
    const domain = await connection.lookupDomainByName('test');
    daemon.signal('SIGSTOP');
    const controller = new AbortController();
    const inFlight = connection.listAllNodeDevices(0, controller);
    const queued = domain.destroy(0, controller);
    const behind = connection.listDomainsWithXml();
    const reason = new Error('mine');
    controller.abort(reason);
    await expect(inFlight).rejects.toBe(reason);
    await expect(queued).rejects.toBe(reason);
    daemon.signal('SIGCONT');
    expect(await behind).toMatchObject([{ name: 'test', active: true }]);
    expect(await connection.countHandles()).toBe(1);
    await connection.close();
  });

  test('that hangs can be closed and replaced; its thread ends when the daemon goes on', async () => {
    const before = threadsNamed('libvirt-conn');
    const stuck = await open(daemon.uri, { keepAlive: false });
    const device = await stuck.lookupNodeDeviceByName('computer');
    await stuck.onDomainEvent('lifecycle', () => {});
    daemon.signal('SIGSTOP');
    const calls = Array.from({ length: 5 }, () => device.getXmlDesc());
    const start = performance.now();
    await Promise.all([
      stuck.close({ timeoutMs: 200 }),
      ...calls.map((call) => expect(call).rejects.toBeInstanceOf(DisposedError)),
    ]);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(stuck.state).toBe('closed');
    device.dispose();
    await stuck.close();
    expect(threadsNamed('libvirt-conn')).toBe(before + 1);
    daemon.signal('SIGCONT');
    await using replacement = await open(daemon.uri);
    expect(await replacement.listDomainsWithXml()).toHaveLength(1);
    await until('the thread of the first connection ended', () => threadsNamed('libvirt-conn') === before + 1);
  });

  test('that hangs does not hold process.exit', async () => {
    const outcome = await runScript(`
      const connection = await libvirt.open(${JSON.stringify(daemon.uri)}, { keepAlive: false });
      process.kill(${daemon.pid()}, 'SIGSTOP');
      connection.listDomainsWithXml();
      setTimeout(() => process.exit(7), 200);`);
    expect(outcome).toEqual(printed('', 7));
  });
});
