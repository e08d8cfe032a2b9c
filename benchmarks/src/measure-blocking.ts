// SPDX-License-Identifier: LGPL-2.1-or-later
import type { BenchmarkHost } from './host.js';
import type { Figure } from './results.js';
import { threeDigits } from './units.js';

const stoppedMs = 6000;
const delayAtMostMs = 50;

/** libvirtd is stopped while calls wait for it on every connection: what else JavaScript does must go on. */
export async function measureBlocking({ devices, machine, binding }: BenchmarkHost): Promise<Figure> {
  await machine.killService('libvirtd', 'SIGSTOP');
  let delays;
  try {
    delays = await binding.ask<{ timerMs: number; readFileMs: number; answered: number }>('callInVain', {
      durationMs: stoppedMs,
    });
  } finally {
    await machine.killService('libvirtd', 'SIGCONT');
  }
  await binding.ask('awaitAnswers');
  const { timerMs, readFileMs, answered } = delays;
  if (answered > 0) throw new Error(`${answered} calls were answered by a daemon that was stopped`);
  const verdict = Math.max(timerMs, readFileMs) < delayAtMostMs ? 'yes' : 'NO';
  return {
    devices,
    what: `JavaScript is never blocked: the longest delay while libvirtd is stopped for ${stoppedMs / 1000} s`,
    value: `timer ${threeDigits(timerMs)} ms, fs.readFile ${threeDigits(readFileMs)} ms; under ${delayAtMostMs} ms: ${verdict}`,
  };
}
