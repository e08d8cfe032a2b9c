// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { open, type Connection, type Domain } from './index.js';
import { printed, runScript } from './test/child.js';
import { SilentServer } from './test/silent-server.js';
import { until } from './test/until.js';

let connection: Connection;
let domain: Domain;
beforeEach(async () => {
  connection = await open('test:///default');
  domain = await connection.lookupDomainByName('test');
});
afterEach(async () => {
  await connection.close();
});

const reason = new Error('mine');

/** Long enough for the connection's thread to make the calls; JavaScript gets none of the answers meanwhile. */
function block(milliseconds = 50): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('a call with a signal', () => {
  test('is answered when nobody aborts it, and leaves no listener', async () => {
    const controller = new AbortController();
    expect(await domain.getState({ signal: controller.signal })).toMatchObject({ state: 1 });
    await expect(connection.lookupDomainByName('absent', controller)).rejects.toMatchObject({ code: 42 });
    controller.abort(reason);
    expect(await connection.getHostname()).toBeTypeOf('string');
  });

  test('is not made when the signal was aborted before', async () => {
    await expect(domain.destroy(0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(open('test:///default', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await domain.isActive()).toBe(true);
  });

  test('is never begun when it was aborted in the queue, and those around it are made', async () => {
    const controller = new AbortController();
    const before = Array.from({ length: 200 }, () => connection.listDomainsWithXml());
    const destroyed = domain.destroy(0, controller);
    const after = connection.getUri();
    controller.abort(reason);
    await expect(destroyed).rejects.toBe(reason);
    await Promise.all(before);
    expect(await after).toBe('test:///default');
    expect(await domain.isActive()).toBe(true);
  });

  test('that was made already is dropped, and what it would have given is released', async () => {
    const controller = new AbortController();
    const before = await connection.countHandles();
    const calls = [
      connection.listAllNodeDevices(0, controller),
      connection.listAllDomains(0, controller),
      connection.lookupDomainByName('test', controller),
    ];
    block();
    controller.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    await connection.getUri();
    expect(await connection.countHandles()).toBe(before);
  });

  test('is refused when the signal is none', async () => {
    await expect(domain.getState({ signal: {} as AbortSignal })).rejects.toThrow(/^signal must be an AbortSignal$/);
  });

  test('aborts ten thousand calls at once', async () => {
    const controller = new AbortController();
    const calls = Array.from({ length: 10_000 }, () => connection.listDomainsWithXml(controller));
    const start = performance.now();
    controller.abort(reason);
    const outcomes = await Promise.allSettled(calls);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(
      outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason === reason).length,
    ).toBeGreaterThan(9000);
    expect(await connection.getUri()).toBe('test:///default');
  });
});

describe('a subscription with a signal', () => {
  test('ends with it', async () => {
    const controller = new AbortController();
    let mine = 0;
    let others = 0;
    await connection.onDomainEvent('lifecycle', () => mine++, controller);
    await connection.onDomainEvent('lifecycle', () => others++);
    await domain.destroy();
    await until('both got the event', () => mine === 1 && others === 1);
    controller.abort(reason);
    await domain.create();
    await until('the other got the event', () => others === 2);
    expect(mine).toBe(1);
  });

  test('that is aborted before it was made disturbs no other for the same event', async () => {
    const controller = new AbortController();
    const aborted = connection.onDomainEvent('lifecycle', () => {}, controller);
    let others = 0;
    const other = connection.onDomainEvent('lifecycle', () => others++);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await other;
    await domain.destroy();
    await domain.create();
    await until('the other got both events', () => others === 2);
  });
});

describe('where nobody answers', () => {
  test('open is given up by its signal, and its connection ends when it can', async () => {
    await using server = await SilentServer.start();
    const controller = new AbortController();
    const opening = open(server.uri, controller);
    await until('the connection came', () => server.connections === 1);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    server.hangUp();
    await until('the connection ended', () => server.connections === 0);
  });

  test('a time limit is a signal too', async () => {
    await using server = await SilentServer.start();
    await expect(open(server.uri, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('a call that was given up does not hold the process, and many on one signal give no warning', async () => {
    await using server = await SilentServer.start();
    const outcome = await runScript(`
      const controller = new AbortController();
      const calls = Array.from({ length: 20 }, () => libvirt.open(${JSON.stringify(server.uri)}, controller));
      setTimeout(() => controller.abort(new Error('mine')), 100);
      const reasons = (await Promise.allSettled(calls)).map((outcome) => outcome.reason.message);
      console.log(new Set(reasons).size, reasons[0]);`);
    expect(outcome).toEqual(printed('1 mine\n'));
  });
});

describe('close', () => {
  test('takes a signal for the waiting, and closes all the same', async () => {
    const other = await open('test:///default');
    const list = other.listDomainsWithXml();
    await expect(other.close({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(other.state).toBe('closed');
    await list;
    await other.close();
  });

  test('without a wait gives up the calls already made', async () => {
    const other = await open('test:///default');
    const calls = Array.from({ length: 100 }, () => other.listDomainsWithXml());
    await other.close({ timeoutMs: 0 });
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ERR_LIBVIRT_DISPOSED' });
  });

  test.for([-1, Number.NaN, '1'])('refuses the time limit %s', async (timeoutMs) => {
    await expect(connection.close({ timeoutMs: timeoutMs as number })).rejects.toThrow(/^timeoutMs must be/);
    expect(connection.state).toBe('open');
  });
});
