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
    .helpCommand(false)
    .exitOverride()
    .configureOutput(output)
    .allowExcessArguments(false)
    .showHelpAfterError('vgpuctl: try vgpuctl --help')
    .addHelpText('after', formatExitStatusHelp());
  program.configureOutput({
    ...output,
    outputError: (text, write) =>
      write(text.replace(/^error: /, 'vgpuctl: ').replace(/\n\(Did you mean (.*)\?\)/, ': did you mean $1?')),
  });
  addDeviceCommands(program, execute);
  addDomainCommands(program, execute);
  addHelpCommand(program);
  return program;
}

/** Commander's own prints the whole help for a command that it does not know, and ends with 0 or 2 as it comes. */
function addHelpCommand(program: Command): void {
  program
    .command('help')
    .summary('Print help for a command')
    .description('Print help for a command.')
    .argument('[command...]', 'for example: domain start')
    .action((words: readonly string[]) => {
      let command = program;
      for (const word of words) {
        const found = command.commands.find((candidate) => candidate.name() === word);
        if (found === undefined) return program.error(`error: unknown command '${word}'`);
        command = found;
      }
      return command.outputHelp();
    });
}

/** 128 and the signal's number, as a shell reports it. */
export const interruptedStatus = 130;

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
  return `\nExit status:\n   0  done\n${failures.join('')} ${interruptedStatus}  interrupted with Ctrl+C`;
}
