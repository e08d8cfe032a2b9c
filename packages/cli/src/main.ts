#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
import { exitStatusByErrorCode } from '@vgpu/core';
import type { Context } from './context.js';
import { plain } from './format/escape.js';
import { runProgram } from './program/run.js';
import type { Service } from './service/service.js';
import { openTerminal } from './terminal.js';

let service: Promise<Service> | undefined;

/** What only talking to the service needs is loaded then: --help and usage errors stay quick. */
async function connect(): Promise<Service> {
  const [{ connectSystemBus }, { openService }, { startTerminalAgent }, { watchSigint }] = await Promise.all([
    import('./bus/connection.js'),
    import('./service/service.js'),
    import('./authorization.js'),
    import('./service/interruption.js'),
  ]);
  return openService(await connectSystemBus(), {
    prepareAuthorization: startTerminalAgent,
    watchInterrupt: watchSigint,
  });
}

const complain = (text: string): unknown => process.stderr.write(text);

const context: Context = {
  print: (text) => process.stdout.write(text),
  remark: (text) => complain(`vgpuctl: ${plain(text)}\n`),
  service: () => (service ??= connect()),
  terminal: openTerminal(process.stdin, process.stdout),
};

// A reader that has seen enough (| head) is no failure, and no reason to leave a change half told or undone.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  complain(`vgpuctl: the output cannot be written (${error.code})\n`);
  process.exitCode = exitStatusByErrorCode.Internal;
});
process.stderr.on('error', () => undefined);

const status = await runProgram(process.argv.slice(2), context, {
  print: context.print,
  complain,
  isRoot: process.geteuid?.() === 0,
});
if (status !== 0) process.exitCode = status;
await service?.then(
  (opened) => opened.close(),
  () => undefined,
);
