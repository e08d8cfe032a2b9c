// SPDX-License-Identifier: LGPL-2.1-or-later
import { inspect } from 'node:util';

/** Where stacks go: never to a caller. */
export interface Log {
  info(text: string): void;
  error(text: string, error: unknown): void;
}

/** Lines on standard error with the journal's priority in front (sd-daemon(3)). */
export const stderrLog: Log = {
  info: (text) => write(6, text),
  error: (text, error) => write(3, `${text}: ${inspect(error)}`),
};

function write(priority: number, text: string): void {
  for (const line of text.split('\n')) process.stderr.write(`<${priority}>${line}\n`);
}
