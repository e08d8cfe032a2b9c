// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, test } from 'vitest';
import { printed, runScript } from './test/child.js';

const index = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);

/** A worker's whole script, given as text. */
function worker(body: string): string {
  const script = `(async () => { const libvirt = await import(${index}); const { parentPort } = await import('node:worker_threads'); ${body} })();`;
  return `new (await import('node:worker_threads')).Worker(${JSON.stringify(script)}, { eval: true })`;
}

describe('the process ends', () => {
  test('by itself after close', async () => {
    expect(
      await runScript(`const c = await libvirt.open('test:///default'); await c.close(); console.log('end');`),
    ).toEqual(printed('end\n'));
  });

  test('by itself with a connection open and nothing to wait for', async () => {
    expect(await runScript(`await libvirt.open('test:///default'); console.log('end');`)).toEqual(printed('end\n'));
  });

  test('not before calls in flight are answered', async () => {
    const outcome = await runScript(`
      const connection = await libvirt.open('test:///default');
      connection.unref();
      connection.listDomainsWithXml().then((list) => console.log(list.length));`);
    expect(outcome).toEqual(printed('1\n'));
  });

  test.for([0, 1, 2, 3, 4])('at process.exit with calls in flight (%i)', async () => {
    const outcome = await runScript(`
      const connections = await Promise.all([1, 2, 3].map(() => libvirt.open('test:///default')));
      for (const connection of connections) {
        await connection.onDomainEvent('lifecycle', () => {});
        for (let i = 0; i < 500; i++) connection.listDomainsWithXml().catch(() => {});
      }
      await connections[0].getUri();
      process.exit(7);`);
    expect(outcome).toEqual(printed('', 7));
  });

  test('at process.exit while connections are being opened', async () => {
    const outcome = await runScript(
      `for (let i = 0; i < 20; i++) libvirt.open('test:///default').catch(() => {}); process.exit(7);`,
    );
    expect(outcome).toEqual(printed('', 7));
  });

  test('by an exception that nobody catches, with calls in flight', async () => {
    const outcome = await runScript(`
      const connection = await libvirt.open('test:///default');
      for (let i = 0; i < 500; i++) connection.listDomainsWithXml();
      throw new Error('mine');`);
    expect(outcome).toMatchObject({ code: 1, signal: null, timedOut: false });
  });
});

describe('a worker', () => {
  const use = `const c = await libvirt.open('test:///default'); const list = await c.listDomainsWithXml(); parentPort.postMessage(list.length);`;

  test('loads the package alone, uses it and unloads it, many times', async () => {
    const outcome = await runScript(`
      const { once } = await import('node:events');
      for (let i = 0; i < 10; i++) {
        const worker = ${worker(`${use} await c.close();`)};
        const [[count], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        if (count !== 1 || code !== 0) throw new Error(count + ' ' + code);
      }
      console.log('end');`);
    expect(outcome).toEqual(printed('end\n'));
  });

  test('ends with its connection open', async () => {
    const outcome = await runScript(`
      const { once } = await import('node:events');
      const [code] = await once(${worker(use)}, 'exit');
      console.log(code);`);
    expect(outcome).toEqual(printed('0\n'));
  });

  test('can be terminated with calls and subscriptions in flight, while the main thread goes on', async () => {
    const outcome = await runScript(`
      const { once } = await import('node:events');
      const mine = await libvirt.open('test:///default');
      for (let i = 0; i < 5; i++) {
        const worker = ${worker(`
          const c = await libvirt.open('test:///default');
          await c.onDomainEvent('lifecycle', () => {});
          for (let i = 0; i < 500; i++) c.listDomainsWithXml().catch(() => {});
          parentPort.postMessage('busy');`)};
        await once(worker, 'message');
        await worker.terminate();
        await mine.listDomainsWithXml();
      }
      await mine.close();
      console.log('end');`);
    expect(outcome).toEqual(printed('end\n'));
  });
});
