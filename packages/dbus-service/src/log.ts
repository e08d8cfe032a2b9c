// SPDX-License-Identifier: LGPL-2.1-or-later
import { inspect } from 'node:util';
import { DeviceError, type Clock } from '@vgpu/core';
import { BusCallError } from './host/messages.js';

/** Where stacks go: never to a caller. */
export interface Log {
  info(text: string): void;
  error(text: string, error: unknown): void;
}

/** Lines on standard error with the journal's priority in front (sd-daemon(3)). */
export const stderrLog: Log = {
  info: (text) => write(6, text),
  error: (text, error) => write(3, `${text}: ${describe(error)}`),
};

/** How many messages of one kind are written in one period; callers could fill the journal with more. */
const mostOfKind = 20;
const periodMs = 30_000;
/** Kinds that are counted at one time. */
const mostKinds = 256;

interface Count {
  written: number;
  dropped: number;
}

/** Messages that differ only in names, numbers and quoted text are of one kind, of which some are written and all counted. */
export class LimitedLog implements Log {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  info(text: string): void {
    if (this.#admit(text)) this.#log.info(text);
  }

  error(text: string, error: unknown): void {
    if (this.#admit(text)) this.#log.error(text, error);
  }

  #admit(text: string): boolean {
    const kind = this.#counts.size < mostKinds ? kindOf(text) : 'others';
    const count = this.#counts.get(kind);
    if (count === undefined) {
      this.#counts.set(kind, { written: 1, dropped: 0 });
      void this.#endPeriod(kind, text);
      return true;
    }
    if (count.written < mostOfKind) {
      count.written += 1;
      return true;
    }
    count.dropped += 1;
    return false;
  }

  async #endPeriod(kind: string, text: string): Promise<void> {
    await this.#clock.delay(periodMs);
    const dropped = this.#counts.get(kind)?.dropped ?? 0;
    this.#counts.delete(kind);
    if (dropped > 0) this.#log.info(`${dropped} more messages in ${periodMs / 1000} s like “${text}”`);
  }
}

/** What stays of a message without quoted text and without every word that has anything but small letters. */
function kindOf(text: string): string {
  const words = text.replace(/"(?:[^"\\]|\\.)*"/gu, '*').split(/\s+/u, 32);
  return words.map((word) => (/^[a-z’']+[,;:.]?$/u.test(word) ? word : '*')).join(' ');
}

/** An error that says what went wrong needs no stack; any other is a mistake of ours. */
function describe(error: unknown): string {
  if (error instanceof BusCallError) return `${error.errorName}: ${error.message}`;
  if (!(error instanceof DeviceError) || error.code === 'Internal') return inspect(error);
  const cause = error.cause === undefined ? '' : `: ${describe(error.cause)}`;
  return `${error.code}: ${error.message}${cause}`;
}

function write(priority: number, text: string): void {
  for (const line of text.split('\n')) process.stderr.write(`<${priority}>${line}\n`);
}
