// SPDX-License-Identifier: LGPL-2.1-or-later
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { busName } from '@vgpu/dbus-service/protocol';
import type { EmulatedHost } from '../emulated-host/index.js';

const program = readFileSync(new URL('dbus-service-client.py', import.meta.url), 'utf8');

/** How a call ended: `reply` as GVariant text, or the error's name (`Timeout`: the client gave up) and message. */
export interface ClientResult {
  readonly reply?: string;
  readonly error?: string;
  readonly message?: string;
}

/** As polkit names it. */
export interface ProcessSubject {
  readonly pid: number;
  /** In ticks since the machine started. */
  readonly startTime: number;
}

/** A client with GDBus inside a host. It stays on the bus, also when it has given up waiting for an answer. */
export class DesktopClient implements AsyncDisposable {
  readonly #process: ReturnType<EmulatedHost['spawn']>;
  readonly #waiting = new Map<number, (result: ClientResult) => void>();
  #calls = 0;
  readonly subject: ProcessSubject;

  private constructor(process: ReturnType<EmulatedHost['spawn']>, lines: NodeJS.EventEmitter, subject: ProcessSubject) {
    this.#process = process;
    this.subject = subject;
    lines.on('line', (line: string) => {
      const { id, ...result } = JSON.parse(line) as ClientResult & { readonly id: number };
      this.#waiting.get(id)?.(result);
    });
  }

  static async start(host: EmulatedHost, user: string): Promise<DesktopClient> {
    const process = host.spawn('/usr/bin/python3', ['-c', program, busName], { user });
    let complaints = '';
    process.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
    const lines = createInterface(process.stdout);
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
    if (first === undefined) throw new Error(`the client has not started: ${complaints}`);
    return new DesktopClient(process, lines, JSON.parse(first) as ProcessSubject);
  }

  /** @param args GVariant text. @param timeoutMs how long the client waits; -1: GDBus's 25 s */
  call(path: string, interfaceName: string, member: string, args: string, timeoutMs = -1): Promise<ClientResult> {
    const id = ++this.#calls;
    const result = new Promise<ClientResult>((resolve) => this.#waiting.set(id, resolve));
    const line = JSON.stringify({ id, path, interface: interfaceName, member, args, timeoutMs });
    this.#process.stdin.write(`${line}\n`);
    return result;
  }

  /** It leaves the bus, whatever it waits for. */
  async leave(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
