// SPDX-License-Identifier: LGPL-2.1-or-later
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when the condition holds; rejects, saying what was waited for, when it does not in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 5000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await delay(5);
  }
}
