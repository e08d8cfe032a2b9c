// SPDX-License-Identifier: LGPL-2.1-or-later
import { setTimeout as delay } from 'node:timers/promises';
import type { EmulatedHost, ExecOptions } from './index.js';

const pollMs = 20;
const defaultTimeoutMs = 10_000;

/** Runs a command that must succeed and gives its output. */
export async function run(
  host: EmulatedHost,
  command: string,
  args: readonly string[] = [],
  options: ExecOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await host.exec(command, args, options);
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Until the check passes; after the timeout its last failure, with what was waited for. */
export async function eventually(
  what: string,
  check: () => void | Promise<void>,
  timeoutMs = defaultTimeoutMs,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      // Each look comes after the one before it.
      // eslint-disable-next-line no-await-in-loop
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: error });
    }
    // eslint-disable-next-line no-await-in-loop
    await delay(pollMs);
  }
}
