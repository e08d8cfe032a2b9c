// SPDX-License-Identifier: LGPL-2.1-or-later

const waitTimeoutMs = 10_000;

/** Those who wait for a condition that only messages can make true. */
export class Waiters {
  readonly #checks = new Set<() => void>();

  /** A message has come: every condition is looked at again. */
  wake(): void {
    for (const check of this.#checks) check();
  }

  /** Settles when the condition holds. @throws after the timeout, with what was waited for and what `seen` tells */
  async until(what: string, condition: () => boolean, timeoutMs = waitTimeoutMs, seen = () => ''): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#checks.delete(check);
        reject(new Error(`${what}: not within ${timeoutMs} ms${seen()}`));
      }, timeoutMs);
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
    });
  }
}
