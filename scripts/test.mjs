// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything `npm test` checks: lint, generated files, types, and all tests; the last line counts them.
// Usage: node scripts/test.mjs [--minutes N] [--project NAME] [FILTER…]; with a project or filter the tests so chosen run,
// and no other check. What is not over after 25 minutes, or N, is ended.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** A whole run on two cores of its own takes less than half of the first; the second is for a machine that is busy. */
const budgetMs = 12 * 60_000;
const { values, positionals } = parseArgs({
  options: { project: { type: 'string' }, minutes: { type: 'string', default: '25' } },
  allowPositionals: true,
});
const timeLimitMs = Number(values.minutes) * 60_000;

if (process.env['CI'] && process.env['UPDATE_GOLDEN']) {
  console.error('golden files are not updated in CI: unset UPDATE_GOLDEN');
  process.exit(2);
}

const begun = Date.now();
const deadline = begun + timeLimitMs;
/** @type {string[]} */
const problems = [];

/** Runs a command and reports on one line; its output appears as it comes. */
async function check(name, command, args, env = process.env) {
  const started = Date.now();
  const failure = await run(command, args, env);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${failure === undefined ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s`);
  if (failure !== undefined) problems.push(`${name} ${failure}`);
  return failure === undefined;
}

/** Resolves to what went wrong, or undefined. The command leads a process group, so that nothing outlives the limit. */
function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env, detached: true });
    const endGroup = (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group has ended by itself.
      }
    };
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup('SIGKILL');
    }, deadline - Date.now());
    const interrupt = (signal) => {
      endGroup(signal);
      process.exit(130);
    };
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    const done = (failure) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve(timedOut ? `did not end within ${timeLimitMs / 60_000} minutes of the whole run` : failure);
    };
    child.once('error', (error) => done(`could not start: ${error.message}`));
    child.once('exit', (status, signal) => {
      if (signal) done(`ended by ${signal}`);
      else done(status === 0 ? undefined : `exited with status ${status}`);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'vgpud-test-'));
const summaryFile = join(folder, 'summary.json');
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

if (positionals.length === 0 && values.project === undefined) {
  await check('lint', 'oxlint', ['--deny-warnings']);
  await check('format', 'prettier', ['--check', '--log-level', 'warn', '.']);
  await check('generated files', 'node', ['scripts/generate.mjs', '--check']);
  await check('types', 'turbo', ['run', 'typecheck', '--output-logs=errors-only', '--no-update-notifier']);
  await check('types of tests', 'tsc', ['-p', 'tsconfig.tests.json']);
}
const failedChecks = problems.length;

const projects = values.project === undefined ? ['unit', 'host'] : [values.project];
await check(
  'tests',
  'vitest',
  [
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=./scripts/vitest-summary.mjs',
    ...positionals,
  ],
  // No vgpud of any test may start a program; see tests/emulated-host/README.md.
  { EMULATED_HOST_TRACE_VGPUD: '1', ...process.env, VITEST_SUMMARY: summaryFile },
);

const summary = readSummary();
for (const name of summary.undeclared) problems.push(`skipped without a reason: ${name}`);
if (summary.passed + summary.failed === 0) problems.push('no test ran');
for (const line of summary.skipped) console.log(`skipped ${line}`);
for (const line of summary.failures) console.log(`failed ${line}`);
for (const problem of problems) console.log(`PROBLEM ${problem}`);

if (values.project === undefined && Date.now() - begun > budgetMs)
  console.log(`slower than the budget of ${budgetMs / 60_000} minutes`);

// Each failed check counts as one; a test run that went wrong in whatever way counts at least one.
const failedTests = summary.failed + summary.undeclared.length || Number(problems.length > failedChecks);
const failed = failedChecks + failedTests;
console.log(`${summary.passed} passed, ${failed} failed, ${summary.skipped.length} skipped`);
if (failed > 0) process.exitCode = 1;

function readSummary() {
  try {
    return JSON.parse(readFileSync(summaryFile, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, failures: [], skipped: [], undeclared: [] };
  }
}
