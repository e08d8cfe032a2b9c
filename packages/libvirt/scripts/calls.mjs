// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls of every kind, for the checks of memory.
import { LibvirtError } from '../dist/index.js';

async function fails(promise) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof TypeError || error.code === 'ERR_LIBVIRT_DISPOSED') return;
    throw error;
  }
  throw new Error('the call should have failed');
}

/** One round on a connection to test:///default; the number of calls that it made. */
export async function round(connection) {
  const domain = await connection.lookupDomainByName('test');
  const controller = new AbortController();
  const answers = [
    connection.listNodeDevicesWithXml(),
    connection.listDomainsWithXml({ secure: true }),
    connection.listAllNodeDevices(),
    connection.listAllDomains(),
    connection.getCapabilities(),
    connection.isAlive(),
    connection.getLibVersion(),
    connection.getType(),
    domain.getXmlDesc(),
    domain.getState(),
    domain.getInfo(),
    domain.isActive(),
    domain.getAutostart(),
    domain.snapshotNum(),
    domain.listSnapshots(),
    domain.getOsType(controller),
  ];
  const givenUp = [
    connection.listAllNodeDevices(0, controller),
    connection.lookupDomainByName('test', controller),
    connection.listDomainsWithXml(controller),
  ];
  const outcomes = Promise.allSettled(givenUp);
  const results = await Promise.all(answers);
  controller.abort();
  await outcomes;
  let made = 1 + answers.length + givenUp.length;
  for (const [index, device] of results[2].entries()) {
    made += 3;
    await Promise.all([device.getParent(), device.listCaps(), device.getXmlDesc()]);
    // Half of them are left to the garbage collector.
    if (index % 2 === 0) device.dispose();
  }
  const failures = [
    fails(connection.lookupDomainByName('absent')),
    fails(connection.lookupNodeDeviceByName('absent')),
    fails(connection.defineDomainXml('<domain')),
    fails(domain.openConsole()),
    fails(domain.getXmlDesc(-1)),
    fails(results[2][1].update('<device/>')),
  ];
  await Promise.all(failures);
  domain.dispose();
  await fails(domain.getXmlDesc());
  return made + failures.length + 1;
}
