// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sourceDirectory } from './paths.js';

const endTimeoutMs = 5_000;

/** An emulated host did not start, or a command to it failed; the message has the reason and the end of the log. */
export class EmulatedHostError extends Error {
  override readonly name = 'EmulatedHostError';
}

/** The namespaces of one host. They end with `end`, and also when this process ends in whatever way: the pipe closes. */
export interface Namespace {
  /** Of the first process inside, as seen from here. */
  readonly pid: number;
  /** Settles when everything inside is gone. */
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

/** Makes the namespaces and waits until the host inside is ready. `settings` is what supervisor.py expects. */
export async function startNamespace(settings: object, pycacheDirectory: string): Promise<Namespace> {
  const supervisor = [
    '/usr/bin/python3',
    '-I',
    '-S',
    '-X',
    `pycache_prefix=${pycacheDirectory}`,
    join(sourceDirectory, 'supervisor.py'),
  ];
  const flags = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
  const child = spawn('unshare', [...flags, ...supervisor], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  child.stdin.on('error', () => undefined); // A supervisor that is gone already says why on its other streams.
  const ended = once(child, 'close').then(() => undefined);
  ended.catch(() => undefined); // A failed spawn is reported by the first answer.
  const end = () => endProcess(child, ended);
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextAnswer = async (): Promise<Record<string, unknown>> => {
    const failed = once(child, 'error').then(([error]: unknown[]) => {
      throw new EmulatedHostError(`unshare cannot be run: ${String(error)}`);
    });
    failed.catch(() => undefined);
    const line = await Promise.race([answers.next(), failed]);
    if (line.done) throw new EmulatedHostError(`the namespace ended while the host started: ${complaints.trim()}`);
    return JSON.parse(line.value) as Record<string, unknown>;
  };
  try {
    const { pid } = await nextAnswer();
    const { ready, error } = await nextAnswer();
    if (ready !== true) throw new EmulatedHostError(`the emulated host did not start: ${String(error)}`);
    return { pid: Number(pid), ended, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function endProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.pid === undefined) return;
  // The first process sees its input end and leaves; the kernel then ends all others before unshare returns.
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  try {
    await ended;
  } finally {
    clearTimeout(timer);
  }
}
