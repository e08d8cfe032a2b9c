// SPDX-License-Identifier: LGPL-2.1-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open } from './index.js';
import { Daemon, daemonObstacle } from './test/daemon.mjs';
import { printed, runScript } from './test/child.js';

const obstacle = daemonObstacle();
const addon = fileURLToPath(new URL('../build/Release/libvirt.node', import.meta.url));

/** How often the event thread went to sleep. */
function sleeps(): number {
  const task = readdirSync('/proc/self/task')
    .map((id) => `/proc/self/task/${id}`)
    .find((path) => readFileSync(`${path}/comm`, 'utf8') === 'libvirt-event\n');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1]);
}

describe('the event loop', { timeout: 60_000 }, () => {
  let daemon: Daemon;
  beforeAll(async () => {
    if (obstacle === undefined) daemon = await Daemon.start();
  }, 30_000);
  afterAll(async () => {
    if (obstacle === undefined) await daemon.stop();
  });

  test('is not woken by calls', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    await using connection = await open(daemon.uri);
    const device = await connection.lookupNodeDeviceByName('computer');
    const calls = 500;
    const before = sleeps();
    for (let call = 0; call < calls; call++) await device.getXmlDesc();
    // Keep-alive wakes it at times.
    expect(sleeps() - before).toBeLessThan(calls / 10);
  });

  test('of somebody who was first in the process serves us, with events, keep-alive and the end', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    // A second copy of the addon is somebody else to libvirt.
    const outcome = await runScript(`
      import { copyFileSync } from 'node:fs';
      import { createRequire } from 'node:module';
      const uri = ${JSON.stringify(daemon.uri)};
      const copy = ${JSON.stringify(`${daemon.folder}/first.node`)};
      copyFileSync(${JSON.stringify(addon)}, copy);
      const first = createRequire(import.meta.url)(copy);
      const other = await first.connectionOpen(uri, false, 1, 2, 0);
      const connection = await libvirt.open(uri, { keepAlive: { intervalSeconds: 1, count: 1 } });
      const domain = await connection.lookupDomainByName('test');
      const stopped = new Promise((resolve) => void connection.onDomainEvent('lifecycle', ({ name }) => resolve(name)));
      const lost = new Promise((resolve) => connection.onClose(resolve));
      await domain.destroy();
      console.log(await stopped, await first.connectionGetHostname(other) !== '');
      await domain.create();
      process.kill(${daemon.pid()}, 'SIGSTOP');
      console.log(await lost);
      process.kill(${daemon.pid()}, 'SIGCONT');
      await connection.close();
      await first.connectionClose(other);`);
    expect(outcome).toEqual(printed('test true\nkeep-alive\n'));
  });
});
