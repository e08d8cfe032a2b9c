// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { daemonObstacle } from './test/daemon.mjs';

const obstacle = daemonObstacle();
const run = promisify(execFile);
const script = (name: string): string => new URL(`../scripts/${name}`, import.meta.url).pathname;

test(
  'twenty rounds of killing, stopping and leaving a daemon under load: no crash, no hang, no growth',
  { timeout: 120_000 },
  async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    const { stdout } = await run(process.execPath, ['--expose-gc', script('soak.mjs'), '--rounds', '20']);
    expect(stdout).toMatch(/\nok\n$/);
    expect(stdout).toMatch(/^connections lost +10 end-of-file, 10 keep-alive$/m);
  },
);

test('a hundred thousand calls leave memory flat', { timeout: 120_000 }, async () => {
  const { stdout } = await run(process.execPath, ['--expose-gc', script('memory.mjs'), '--calls', '100000']);
  expect(stdout).toMatch(/\nok\n$/);
});
