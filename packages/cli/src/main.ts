#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Context } from './context.js';
import { runProgram } from './program/run.js';
import type { Service } from './service/service.js';
import { openTerminal } from './terminal.js';

let service: Promise<Service> | undefined;

/** What only talking to the service needs is loaded then: --help and usage errors stay quick. */
async function connect(): Promise<Service> {
  const [{ connectSystemBus }, { openService }, { startTerminalAgent }] = await Promise.all([
    import('./bus/connection.js'),
    import('./service/service.js'),
    import('./authorization.js'),
  ]);
  return openService(await connectSystemBus(), startTerminalAgent);
}

const context: Context = {
  print: (text) => process.stdout.write(text),
  service: () => (service ??= connect()),
  terminal: openTerminal(process.stdin, process.stdout),
};

// A reader that has seen enough (| head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runProgram(process.argv.slice(2), context, {
  print: context.print,
  complain: (text) => process.stderr.write(text),
  isRoot: process.geteuid?.() === 0,
});
await service?.then(
  (opened) => opened.close(),
  () => undefined,
);
