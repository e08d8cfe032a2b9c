// SPDX-License-Identifier: LGPL-2.1-or-later
// Many calls of every kind on libvirt's test driver, for the memory checks. CALLS says how many rounds' worth.
import { Worker, isMainThread } from 'node:worker_threads';
import { LibvirtError, NodeDevice, open } from '../dist/index.js';

const calls = Number(process.env['CALLS'] ?? 5000);
let made = 0;

async function expectFailure(promise) {
  made++;
  try {
    await promise;
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof TypeError || error.code === 'ERR_LIBVIRT_DISPOSED') return;
    throw error;
  }
  throw new Error('the call should have failed');
}

async function round(connection) {
  const domain = await connection.lookupDomainByName('test');
  const results = await Promise.all([
    connection.listNodeDevicesWithXml(),
    connection.listDomainsWithXml({ secure: true }),
    connection.listAllNodeDevices(),
    connection.listAllDomains(),
    connection.getCapabilities(),
    domain.getXmlDesc(),
    domain.getState(),
    domain.isActive(),
    domain.getAutostart(),
    domain.snapshotNum(),
    connection.isAlive(),
    connection.getLibVersion(),
  ]);
  made += results.length + 1;
  for (const device of results[2]) {
    made += 3;
    await Promise.all([device.getParent(), device.listCaps(), device.getXmlDesc()]);
    // Half of them are left to the garbage collector.
    if (made % 2 === 0) device.dispose();
  }
  await expectFailure(connection.lookupDomainByName('absent'));
  await expectFailure(connection.lookupNodeDeviceByName('absent'));
  await expectFailure(connection.defineDomainXml('<domain'));
  await expectFailure(domain.getXmlDesc(-1));
  await expectFailure(results[2][0].update('<device/>'));
  domain.dispose();
  await expectFailure(domain.getXmlDesc());
}

async function main() {
  while (made < calls) {
    const connection = await open('test:///default', { readOnly: false });
    let events = 0;
    const subscription = await connection.onDomainEvent('lifecycle', () => events++);
    const devices = await connection.onNodeDeviceLifecycle(() => {});
    const domain = await connection.lookupDomainByName('test');
    for (let i = 0; i < 5; i++) {
      await round(connection);
      await domain.destroy();
      await domain.create();
      made += 2;
    }
    await subscription.dispose();
    if (made % 3 === 0) await devices.dispose();
    await connection.close();
    await expectFailure(connection.getUri());
    globalThis.gc?.();
  }
  await expectFailure(open('nonsense:///'));
}

await main();
if (isMainThread) {
  // A worker that ends with its connection open, and a connection that nobody closes.
  await new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { env: { ...process.env, CALLS: '200' } })
      .on('exit', resolve)
      .on('error', reject);
  });
  const forgotten = await open('test:///default');
  await forgotten.listAllDomains();
  console.log(`${made} calls; ${NodeDevice.name} and Domain handles were left to the collector`);
}
