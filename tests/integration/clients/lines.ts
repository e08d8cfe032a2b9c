// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

const defaultTimeoutMs = 15_000;

/** What a client prints, line by line, while it runs. */
export class Lines {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #all: string[] = [];
  readonly #listeners = new Set<() => void>();
  #complaints = '';
  #begin = 0;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    child.stdin.on('error', () => undefined); // A client may end before it is told to.
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#all.push(line);
      for (const listener of this.#listeners) listener();
    });
  }

  /** All lines since the last mark(). */
  get since(): readonly string[] {
    return this.#all.slice(this.#begin);
  }

  /** To the client's standard input. */
  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** From here on only later lines count. */
  mark(): void {
    this.#begin = this.#all.length;
  }

  /** The first line since the mark that has the text or fits the pattern. */
  async until(wanted: string | RegExp, timeoutMs = defaultTimeoutMs): Promise<string> {
    const find = () => this.since.find((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line)));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        const heard = this.since.slice(-30).join('\n');
        reject(new Error(`no line ${String(wanted)} within ${timeoutMs} ms; heard\n${heard}\n${this.#complaints}`));
      }, timeoutMs);
      const check = () => {
        const line = find();
        if (line === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(line);
      };
      this.#listeners.add(check);
      check();
    });
  }
}
