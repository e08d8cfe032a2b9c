// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DomainAffectFlags,
  DomainLifecycle,
  DomainMetadataType,
  NodeDeviceLifecycle,
  open,
  type Connection,
  type Domain,
  type DomainLifecycleEvent,
  type DomainMetadataEvent,
  type NodeDeviceLifecycleEvent,
  type Subscription,
} from './index.js';
import { printed, runScript } from './test/child.js';
import { until } from './test/until.js';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
let connection: Connection;
let domain: Domain;
beforeEach(async () => {
  connection = await open('test:///default');
  domain = await connection.lookupDomainByName('test');
});
afterEach(async () => {
  // The test driver's default host is shared by the connections of a process.
  if (connection.state === 'open' && !(await domain.isActive())) await domain.create();
  await connection.close();
});

describe('a subscription', () => {
  test('delivers every change of a domain, in order', async () => {
    const events: DomainLifecycleEvent[] = [];
    await connection.onDomainEvent('lifecycle', (event) => events.push(event));
    for (let i = 0; i < 50; i++) {
      await domain.destroy();
      await domain.create();
    }
    await until('100 events came', () => events.length === 100);
    expect(events[0]).toEqual({ name: 'test', uuid, event: DomainLifecycle.STOPPED, detail: expect.any(Number) });
    expect(events.map((event) => event.event)).toEqual(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? DomainLifecycle.STOPPED : DomainLifecycle.STARTED)),
    );
  });

  test('delivers to each listener', async () => {
    let first = 0;
    let second = 0;
    await connection.onDomainEvent('lifecycle', () => first++);
    await connection.onDomainEvent('lifecycle', () => second++);
    await domain.destroy();
    await until('both were called', () => first > 0 && second > 0);
    expect([first, second]).toEqual([1, 1]);
  });

  test('delivers nothing after dispose was called', async () => {
    const events: DomainLifecycleEvent[] = [];
    let others = 0;
    const subscription = await connection.onDomainEvent('lifecycle', (event) => events.push(event));
    await connection.onDomainEvent('lifecycle', () => others++);
    const ended = subscription.dispose();
    const destroyed = domain.destroy();
    await Promise.all([ended, destroyed, subscription.dispose()]);
    await until('the other listener was called', () => others === 1);
    expect(events).toEqual([]);
  });

  test('to metadata carries its type and namespace', async () => {
    const events: DomainMetadataEvent[] = [];
    await connection.onDomainEvent('metadata-change', (event) => events.push(event));
    await domain.setMetadata({ type: DomainMetadataType.TITLE, metadata: 'a title', flags: DomainAffectFlags.LIVE });
    const change = {
      type: DomainMetadataType.ELEMENT,
      key: 'e',
      uri: 'http://example.org/e',
      flags: DomainAffectFlags.LIVE,
    };
    await domain.setMetadata({ ...change, metadata: '<x/>' });
    expect(await domain.getMetadata(change)).toBe('<x/>');
    await domain.setMetadata({ ...change, metadata: null });
    await until('three events came', () => events.length === 3);
    expect(events.map(({ type, nsuri }) => [type, nsuri])).toEqual([
      [DomainMetadataType.TITLE, null],
      [DomainMetadataType.ELEMENT, 'http://example.org/e'],
      [DomainMetadataType.ELEMENT, 'http://example.org/e'],
    ]);
  });

  test('to node devices carries the name', async () => {
    const events: NodeDeviceLifecycleEvent[] = [];
    await connection.onNodeDeviceLifecycle((event) => events.push(event));
    await connection.onNodeDeviceUpdate(() => {});
    const xml = `<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>
      <wwnn>2000000012341234</wwnn><wwpn>1000000012341299</wwpn></capability></capability></device>`;
    const device = await connection.createNodeDeviceXml(xml);
    await device.destroy();
    await until('two events came', () => events.length === 2);
    expect(events).toEqual([
      { name: device.name, event: NodeDeviceLifecycle.CREATED, detail: 0 },
      { name: device.name, event: NodeDeviceLifecycle.DELETED, detail: 0 },
    ]);
  });

  test('that another listener ended does not get the event that is being delivered', async () => {
    const called: string[] = [];
    let last: Subscription | undefined;
    await connection.onDomainEvent('lifecycle', () => {
      called.push('first');
      void last?.dispose();
    });
    last = await connection.onDomainEvent('lifecycle', () => called.push('last'));
    await domain.destroy();
    await domain.create();
    await until('two events came', () => called.filter((name) => name === 'first').length === 2);
    expect(called).toEqual(['first', 'first']);
  });

  test('can be made again at once, for each event', async () => {
    const names = ['lifecycle', 'device-added', 'device-removed', 'device-removal-failed', 'metadata-change'] as const;
    for (const name of names) {
      // The second registration is asked for before libvirt ended the first.
      const ended = connection.onDomainEvent(name, () => {}).then((subscription) => subscription.dispose());
      await expect(ended).resolves.toBeUndefined();
      const first = await connection.onDomainEvent(name, () => {});
      const [second] = await Promise.all([connection.onDomainEvent(name, () => {}), first.dispose()]);
      await expect(second.dispose()).resolves.toBeUndefined();
      const third = await connection.onDomainEvent(name, () => {});
      const [, fourth] = await Promise.all([third.dispose(), connection.onDomainEvent(name, () => {})]);
      await expect(fourth.dispose()).resolves.toBeUndefined();
    }
  });
});

describe('the process', () => {
  const lifecycle = `
    const connection = await libvirt.open('test:///default');
    const subscription = await connection.onDomainEvent('lifecycle', () => console.log('event'));`;

  test('stays while there is a subscription, and ends when it is disposed', async () => {
    const outcome = await runScript(`${lifecycle}
      const domain = await connection.lookupDomainByName('test');
      setTimeout(() => console.log('later'), 300).unref();
      await domain.destroy();
      // Only the subscription holds the process until an unref'd timer comes.
      setTimeout(() => subscription.dispose(), 500).unref();`);
    expect(outcome).toEqual(printed('event\nlater\n'));
  });

  test('stays for ever while nobody disposes it', async () => {
    const outcome = await runScript(`${lifecycle} console.log('subscribed');`, {}, 8000);
    expect(outcome).toMatchObject({ timedOut: true, signal: 'SIGKILL', stdout: 'subscribed\n' });
  });

  test('ends in spite of a subscription after unref', async () => {
    const outcome = await runScript(`${lifecycle} connection.unref(); console.log('end');`);
    expect(outcome).toEqual(printed('end\n'));
  });

  test('an exception of a listener is uncaught, and other listeners are called', async () => {
    const outcome = await runScript(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const connection = await libvirt.open('test:///default');
      await connection.onDomainEvent('lifecycle', () => { throw new Error('mine'); });
      const second = new Promise((resolve) => connection.onDomainEvent('lifecycle', resolve));
      await (await connection.lookupDomainByName('test')).destroy();
      console.log((await second).name);
      await connection.close();`);
    expect(outcome).toEqual(printed('uncaught mine\ntest\n'));
  });
});
