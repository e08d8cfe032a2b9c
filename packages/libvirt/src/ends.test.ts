// SPDX-License-Identifier: LGPL-2.1-or-later
// Every way in which a process can end, with everything that a connection can be doing then.
import { describe, expect, test } from 'vitest';
import { printed, runScript, type Outcome } from './test/child.js';
import { SilentServer } from './test/silent-server.js';

const index = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);

/** What the connection does; `server` is the URI of a daemon that never answers. */
const activities = {
  idle: `const connection = await libvirt.open('test:///default');`,
  'calls queued': `
    const connection = await libvirt.open('test:///default');
    for (let i = 0; i < 500; i++) connection.listDomainsWithXml().catch(() => {});`,
  'a call in flight': `
    const connection = await libvirt.open('test:///default');
    libvirt.open(server).catch((error) => { if (!(error instanceof libvirt.LibvirtError)) throw error; });
    await new Promise((resolve) => setTimeout(resolve, 50));`,
  'events registered': `
    const connection = await libvirt.open('test:///default');
    await connection.onDomainEvent('lifecycle', () => {});
    await connection.onNodeDeviceLifecycle(() => {});
    const domain = await connection.lookupDomainByName('test');
    for (let i = 0; i < 5; i++) { domain.destroy().catch(() => {}); domain.create().catch(() => {}); }`,
} as const;
type Activity = keyof typeof activities;

const inWorker = (body: string): string => `
  const { Worker } = await import('node:worker_threads');
  const { once } = await import('node:events');
  const worker = new Worker(${JSON.stringify(`(async () => {
    const { parentPort, workerData: server } = await import('node:worker_threads');
    const libvirt = await import(${index});
    ${body}
    parentPort.postMessage('ready');
  })();`)}, { eval: true, workerData: server });
  await once(worker, 'message');`;

interface End {
  readonly name: string;
  readonly script: (activity: Activity) => string;
  readonly expected: Outcome;
  /** Whether the script loads the package in its main thread. */
  readonly onlyWorker?: boolean;
}

const ends: readonly End[] = [
  {
    name: 'process.exit',
    script: (activity) => `${activities[activity]} process.exit(7);`,
    expected: printed('', 7),
  },
  {
    name: 'an uncaught exception',
    script: (activity) => `${activities[activity]} throw new Error('mine');`,
    expected: { ...printed('', 1), stderr: expect.stringContaining('Error: mine') as string },
  },
  {
    // Calls in flight and subscriptions hold the process: the daemon hangs up, and the subscriptions go with close.
    name: 'its natural end',
    script: (activity) =>
      `${activities[activity]} ${activity === 'events registered' ? 'connection.close();' : ''} console.log('end');`,
    expected: printed('end\n'),
  },
  {
    name: 'its natural end after unref',
    script: (activity) => `${activities[activity]} connection.unref(); console.log('end');`,
    expected: printed('end\n'),
  },
  {
    name: 'the end of a worker that is terminated',
    script: (activity) => `await libvirt.libraryVersion(); ${inWorker(activities[activity])}
      await worker.terminate(); console.log('end');`,
    expected: printed('end\n'),
  },
  {
    name: 'process.exit with a worker, the only one that loaded the package',
    script: (activity) => `${inWorker(activities[activity])} process.exit(7);`,
    expected: printed('', 7),
    onlyWorker: true,
  },
  {
    name: 'termination of a worker, the only one that loaded the package',
    script: (activity) => `${inWorker(activities[activity])} await worker.terminate(); console.log('end');`,
    expected: printed('end\n'),
    onlyWorker: true,
  },
];

const cases = ends.flatMap((end) => (Object.keys(activities) as Activity[]).map((activity) => ({ end, activity })));

describe.concurrent('a process', { timeout: 60_000 }, () => {
  for (const { end, activity } of cases) {
    test(`survives ${end.name}, with ${activity}`, async () => {
      await using server = await SilentServer.start(1000);
      const script = `const server = ${JSON.stringify(server.uri)}; ${end.script(activity)}`;
      const outcome = await runScript(script, {}, 45_000, end.onlyWorker === true ? 'nothing' : 'package');
      expect(outcome).toEqual(end.expected);
    });
  }
});
