// SPDX-License-Identifier: LGPL-2.1-or-later
// How a connection's thread waits for its next call.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { open, type Connection } from './index.js';
import { until } from './test/until.js';

/** Of the only connection's thread: microseconds on a processor since it began, and how often it fell asleep. */
function thread(): { ranUs: number; sleeps: number } {
  const path = readdirSync('/proc/self/task')
    .map((id) => `/proc/self/task/${id}`)
    .find((each) => readFileSync(`${each}/comm`, 'utf8') === 'libvirt-conn\n');
  const ranUs = Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  const sleeps = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`${path}/status`, 'utf8'))?.[1]);
  return { ranUs, sleeps };
}

async function callOften(connection: Connection, times: number): Promise<void> {
  for (let call = 0; call < times; call++) await connection.getUri();
}

test('it does not fall asleep between calls that follow at once, and rests after them', async () => {
  await using connection = await open('test:///default');
  // Another process may take the processor away from either thread, which then sleeps as it must.
  await expect
    .poll(
      async () => {
        const before = thread().sleeps;
        await callOften(connection, 1000);
        return thread().sleeps - before;
      },
      { timeout: 30_000 },
    )
    .toBeLessThan(500);
  let last = thread();
  await until(
    'the thread rests',
    () => {
      const { ranUs, sleeps } = thread();
      const rests = ranUs === last.ranUs && sleeps === last.sleeps;
      last = { ranUs, sleeps };
      return rests;
    },
    10_000,
  );
});
