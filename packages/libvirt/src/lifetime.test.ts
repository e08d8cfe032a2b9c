// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { DisposedError, NodeDevice, open } from './index.js';
import { native, type ConnectionHandle } from './native.js';
import { printed, runScript } from './test/child.js';
import { threadsNamed } from './test/threads.js';
import { until } from './test/until.js';

describe('a device or domain', () => {
  test('answers the calls made before dispose and refuses those after', async () => {
    await using connection = await open('test:///default');
    const domain = await connection.lookupDomainByName('test');
    const before = domain.getXmlDesc();
    domain.dispose();
    const after = domain.getXmlDesc();
    await expect(after).rejects.toBeInstanceOf(DisposedError);
    expect(await before).toContain('<name>test</name>');
  });

  test('can be disposed twice, and after its connection was closed', async () => {
    const connection = await open('test:///default');
    const device = await connection.lookupNodeDeviceByName('computer');
    device.dispose();
    device.dispose();
    await connection.close();
    expect(() => device[Symbol.dispose]()).not.toThrow();
  });

  test('rejects when its connection was closed', async () => {
    const connection = await open('test:///default');
    const device = await connection.lookupNodeDeviceByName('computer');
    await connection.close();
    await expect(device.getXmlDesc()).rejects.toBeInstanceOf(DisposedError);
  });

  test('that nobody released is released after it was collected', async () => {
    const outcome = await runScript(`
      const connection = await libvirt.open('test:///default');
      const held = [];
      for (let i = 0; i < 20; i++) held.push(await connection.listAllNodeDevices());
      const kept = await connection.listAllDomains();
      const made = await connection.countHandles();
      held.length = 0;
      let left = made;
      for (const deadline = Date.now() + 5000; left > kept.length && Date.now() < deadline; ) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 5));
        left = await connection.countHandles();
      }
      console.log(made > 60, left, await kept[0].isActive());
      await connection.close();`);
    expect(outcome).toEqual(printed('true 1 true\n'));
  });

  test('keeps its connection from being collected', async () => {
    const outcome = await runScript(`
      async function device() {
        return await (await libvirt.open('test:///default')).lookupNodeDeviceByName('computer');
      }
      const kept = await device();
      for (let i = 0; i < 20; i++) { gc(); await new Promise(setImmediate); }
      console.log((await kept.getXmlDesc()).includes('computer'));
      await kept.connection.close();`);
    expect(outcome).toEqual(printed('true\n'));
  });
});

describe('a connection', () => {
  test('is really closed: libvirt counts no reference after it released its children and subscriptions', async () => {
    const handle: ConnectionHandle = await native.connectionOpen('test:///default', false, 0, 0, 0);
    await native.listAllNodeDevices(handle, 0);
    await native.listAllDomains(handle, 0);
    await native.subscribeDomain(handle, 0, 0);
    await native.subscribeNodeDevice(handle, 0, 0);
    // What virConnectClose returns; the facade hides it.
    expect(await native.connectionClose(handle)).toBe(0);
  });

  test('has one thread, which ends with it', async () => {
    await until('earlier connections ended', () => threadsNamed('libvirt-conn') === 0);
    const [first, second] = await Promise.all([open('test:///default'), open('test:///default')]);
    await Promise.all(Array.from({ length: 100 }, () => first.listDomainsWithXml()));
    expect(threadsNamed('libvirt-conn')).toBe(2);
    expect(threadsNamed('libvirt-event')).toBe(1);
    await Promise.all([first.close(), second.close()]);
    await until('the threads ended', () => threadsNamed('libvirt-conn') === 0);
  });

  test('that could not be opened leaves no thread', async () => {
    await expect(open('test+unix:///default?socket=/nonexistent')).rejects.toThrow('Failed to connect socket');
    await until('the thread ended', () => threadsNamed('libvirt-conn') === 0);
  });

  test('that nobody closed is closed by the garbage collector', async () => {
    const outcome = await runScript(`
      import { readdirSync, readFileSync } from 'node:fs';
            const count = () => readdirSync('/proc/self/task')
        .filter((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8') === 'libvirt-conn\\n').length;
      await (async () => { await (await libvirt.open('test:///default')).listAllDomains(); })();
      const opened = count();
      const deadline = Date.now() + 5000;
      while (count() > 0 && Date.now() < deadline) { gc(); await new Promise((r) => setTimeout(r, 5)); }
      console.log(opened, count());`);
    expect(outcome).toEqual(printed('1 0\n'));
  });

  test('closes after the calls already made, and only once', async () => {
    const connection = await open('test:///default');
    const settled: string[] = [];
    const note = (name: string) => () => void settled.push(name);
    const calls = [
      connection.getUri().then(note('call')),
      connection.close().then(note('close')),
      connection.close().then(note('again')),
    ];
    await Promise.all(calls);
    expect(settled).toEqual(['call', 'close', 'again']);
    expect(connection.state).toBe('closed');
  });

  test('answers a hundred parallel calls in their order', async () => {
    await using connection = await open('test:///default');
    const settled: number[] = [];
    const call = (index: number): Promise<unknown> => {
      if (index % 3 === 0) return connection.listDomainsWithXml();
      return index % 3 === 1 ? connection.getUri() : connection.lookupDomainByName('absent').catch(() => {});
    };
    const calls = Array.from({ length: 100 }, async (_, index) => {
      await call(index);
      settled.push(index);
    });
    await Promise.all(calls);
    expect(settled).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  test('lists devices as objects that keep their names', async () => {
    await using connection = await open('test:///default');
    const devices = await connection.listAllNodeDevices();
    expect(devices.map((device) => device.name)).toContain('scsi_host11');
    expect(devices.every((device) => device instanceof NodeDevice)).toBe(true);
    const child = devices.find((device) => device.name === 'scsi_host11')!;
    expect(await child.getParent()).toBe('scsi_host1');
    expect(await child.listCaps()).toEqual(expect.arrayContaining(['scsi_host']));
    expect(await (await connection.lookupNodeDeviceByName('computer')).getParent()).toBeNull();
  });
});

test('2000 XML reads take less than ten seconds', async () => {
  await using connection = await open('test:///default');
  const domain = await connection.lookupDomainByName('test');
  const start = performance.now();
  await Promise.all(Array.from({ length: 2000 }, () => domain.getXmlDesc()));
  expect(performance.now() - start).toBeLessThan(10_000);
});
