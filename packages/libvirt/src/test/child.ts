// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { vi } from 'vitest';

// Node alone was seen to take 14 seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const index = new URL('../../dist/index.js', import.meta.url).href;

/**
 * Runs an ES module that sees everything the package exports as `libvirt`, unless it imports `nothing`; kills it when it
 * does not end in time.
 */
export async function runScript(
  body: string,
  env: NodeJS.ProcessEnv = {},
  timeoutMs = 45_000,
  imports: 'package' | 'nothing' = 'package',
): Promise<Outcome> {
  const script = `${imports === 'package' ? `import * as libvirt from ${JSON.stringify(index)};` : ''}\n${body}`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let timedOut = false;
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, timedOut });
    });
  });
}

/** What a script looks like that ended by itself, printed only this, and complained about nothing. */
export function printed(stdout: string, code = 0): Outcome {
  return { code, signal: null, stdout, stderr: '', timedOut: false };
}
