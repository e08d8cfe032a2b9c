// SPDX-License-Identifier: LGPL-2.1-or-later
// Many calls of every kind on libvirt's test driver, for the memory checks. CALLS says how many rounds' worth.
import { Worker, isMainThread } from 'node:worker_threads';
import { open } from '../dist/index.js';
import { round } from './calls.mjs';

const calls = Number(process.env['CALLS'] ?? 5000);
const start = performance.now();
let made = 0;

async function main() {
  while (made < calls) {
    const connection = await open('test:///default', { readOnly: false });
    let events = 0;
    const subscription = await connection.onDomainEvent('lifecycle', () => events++);
    const devices = await connection.onNodeDeviceLifecycle(() => {});
    const domain = await connection.lookupDomainByName('test');
    for (let i = 0; i < 5; i++) {
      made += await round(connection);
      await domain.destroy();
      await domain.create();
      made += 2;
    }
    await subscription.dispose();
    if (made % 3 === 0) await devices.dispose();
    await connection.close();
    globalThis.gc?.();
  }
  await open('nonsense:///').catch(() => {});
}

await main();
if (isMainThread) {
  // A worker that ends with its connection open, and a connection that nobody closes.
  await new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { env: { ...process.env, CALLS: '200' } })
      .on('exit', resolve)
      .on('error', reject);
  });
  const picture = await open('test:///default');
  await (await picture.lookupDomainByName('test')).screenshot();
  // Gives up a call in flight, and closes without waiting.
  const controller = new AbortController();
  const lists = Array.from({ length: 100 }, () => picture.listAllNodeDevices(0, controller));
  controller.abort();
  await Promise.allSettled(lists);
  const last = picture.listAllNodeDevices();
  await Promise.allSettled([picture.close({ timeoutMs: 0 }), last]);
  const forgotten = await open('test:///default');
  await forgotten.listAllDomains();
  console.log(`${made} calls in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
