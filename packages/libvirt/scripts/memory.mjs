// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes many calls of every kind on libvirt's test driver and watches what the process holds.
// Usage: node --expose-gc scripts/memory.mjs [--calls 1000000] [--report FILE]; exit status 1 when memory grew.
import { readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { libraryVersion, open } from '../dist/index.js';
import { round } from './calls.mjs';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '1000000' }, report: { type: 'string' } },
});
const calls = Number(values.calls);
if (!Number.isInteger(calls) || calls < 1000) throw new Error('--calls must be a whole number from 1000');

function held() {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMiB: rss / 1024 / 1024, heapMiB: heapUsed / 1024 / 1024, fds: readdirSync('/proc/self/fd').length };
}

// Allocators and the compiler have settled after the first tenth.
const warmCalls = calls / 10;
// What glibc's arenas and the compiler may still take; a leak of 32 bytes in each call would be more.
const limitMiB = 8 + (calls * 24) / 1024 / 1024;

const start = performance.now();
const connection = await open('test:///default');
let made = 0;
let warm;
while (made < calls) {
  made += await round(connection);
  // Handles that were left to the collector.
  if (made % 10 === 0) globalThis.gc();
  if (warm === undefined && made >= warmCalls) warm = held();
}
const handles = await settledHandles();
const end = held();
await connection.close();
const seconds = (performance.now() - start) / 1000;

/** Handles that nobody holds any more go when the collector ran and the connection's thread came to it. */
async function settledHandles() {
  let left = Infinity;
  for (const deadline = Date.now() + 5000; left > 0 && Date.now() < deadline;) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
    left = await connection.countHandles();
  }
  return left;
}

const problems = [];
if (handles > 0) problems.push(`${handles} handles are left`);
if (end.fds > warm.fds) problems.push(`file descriptors grew from ${warm.fds} to ${end.fds}`);
if (end.rssMiB - warm.rssMiB > limitMiB) problems.push(`memory grew by more than ${limitMiB.toFixed(1)} MiB`);
const report = [
  `calls       ${made} in ${seconds.toFixed(1)} s, ${Math.round(made / seconds)} each second`,
  `memory      ${warm.rssMiB.toFixed(1)} MiB after ${warmCalls} calls, ${end.rssMiB.toFixed(1)} MiB at the end`,
  `heap        ${warm.heapMiB.toFixed(1)} MiB, ${end.heapMiB.toFixed(1)} MiB`,
  `node ${process.version}, libvirt ${await libraryVersion()}`,
  problems.length === 0 ? 'ok' : `FAILED: ${problems.join('; ')}`,
].join('\n');
console.log(report);
if (values.report !== undefined) writeFileSync(values.report, `${report}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
