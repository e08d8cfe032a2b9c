// SPDX-License-Identifier: LGPL-2.1-or-later
import { exitStatusByErrorCode, type ErrorCode } from '@vgpu/core';
import { Command, type OutputConfiguration } from 'commander';
import type { Execute } from './command.js';
import { addDeviceCommands } from './device-commands.js';
import { addDomainCommands } from './domain-commands.js';
import { readVersion } from '../version.js';

/** The whole command line: names, options and help texts; docs/vgpuctl.md is made from it. */
export function createProgram(execute: Execute, output: OutputConfiguration): Command {
  const program = new Command('vgpuctl')
    .description('Manage virtual GPUs of this host through the service vgpud.')
    .version(`vgpuctl ${readVersion()}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .configureOutput(output)
    .allowExcessArguments(false)
    .showHelpAfterError('vgpuctl: try --help')
    .addHelpText('after', formatExitStatusHelp());
  program.configureOutput({
    ...output,
    outputError: (text, write) => write(text.replace(/^error: /, 'vgpuctl: ')),
  });
  addDeviceCommands(program, execute);
  addDomainCommands(program, execute);
  return program;
}

/** What each exit status tells, in the words of the help. */
const failureByCode = {
  Internal: 'internal error',
  InvalidArgument: 'wrong arguments',
  NotSupported: 'not supported on this host',
  NotAuthorized: 'not authorized',
  Unavailable: 'vgpud or libvirt not reachable',
  NotFound: 'not found',
  AlreadyExists: 'exists already',
  NoAvailableInstances: 'no available instances',
  DeviceBusy: 'in use',
  NotAssignable: 'not assignable',
  InvalidState: 'wrong state for this',
  TimedOut: 'timed out, outcome unknown',
  Ambiguous: 'several have this UUID or name',
  RolledBack: 'a step failed, all before it was undone',
} as const satisfies Record<ErrorCode, string>;

function formatExitStatusHelp(): string {
  const failures = Object.entries(failureByCode).map(
    ([code, words]) => `  ${String(exitStatusByErrorCode[code as ErrorCode]).padStart(2)}  ${words}\n`,
  );
  return `\nExit status:\n   0  done\n${failures.join('')}`.trimEnd();
}
