// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { EmulatedHost } from '@vgpu/tests/emulated-host';

const clients = join(import.meta.dirname, '../clients');
const emulatedHostSources = join(import.meta.dirname, '../node_modules/@vgpu/tests/emulated-host');
const pythonEnvironment = { EMULATED_HOST_SOURCES: emulatedHostSources, PYTHONDONTWRITEBYTECODE: '1' };
/** The distribution's own, whatever comes first in PATH: its modules are the peers. */
const python = '/usr/bin/python3';

/** A client inside a host that does one operation at a time. It stays, so that no start of a process is measured. */
export class Worker {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #complaints = '';

  constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    this.#answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    this.#ended = once(process, 'close');
    this.#ended.catch(() => undefined); // The first answer reports that it could not be started.
    process.stdin.on('error', () => undefined); // A client that is gone says why on its other streams.
    process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
  }

  static node(host: EmulatedHost, program: string): Worker {
    return new Worker(host.spawn(process.execPath, [join(import.meta.dirname, 'clients', program)]));
  }

  static python(host: EmulatedHost, program: string): Worker {
    return new Worker(host.spawn(python, [join(clients, program)], { env: pythonEnvironment }));
  }

  /** Throws when the operation fails or the client has ended. */
  async ask<T>(op: string, parameters: object = {}): Promise<T> {
    this.#process.stdin.write(`${JSON.stringify({ op, ...parameters })}\n`);
    const line = await this.#answers.next();
    if (line.done) throw new Error(`${op}: the client ended: ${this.#complaints.trim()}`);
    const answer = JSON.parse(line.value) as { ok: boolean; value: T; error?: string };
    if (!answer.ok) throw new Error(`${op}: ${answer.error} ${this.#complaints.trim()}`);
    return answer.value;
  }

  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#ended;
  }
}

/** Puts a copy in memory over the emulated /sys, which is slow, or takes it away; see clients/sys_copy.py. */
export async function sysCopy(host: EmulatedHost, action: 'lay' | 'lift'): Promise<void> {
  const { status, stderr } = await host.exec(python, [join(clients, 'sys_copy.py'), action], {
    env: pythonEnvironment,
  });
  if (status !== 0) throw new Error(`sys_copy.py ${action}: ${stderr.trim()}`);
}
