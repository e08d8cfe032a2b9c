// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { addCommand, type Execute } from './command.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const vgpuHelp = 'UUID of the vGPU, or UUID@PARENT';
const domainHelp = 'name or UUID of the virtual machine';

/** Virtual machines, and the service itself. */
export function addDomainCommands(program: Command, execute: Execute): void {
  addAssignment(program, execute);

  addCommand(program, 'domains', {
    summary: 'List the virtual machines with their vGPUs',
    more: 'A name with control or invisible characters, or one too long, is not shown as it is.',
    example: 'vgpuctl domains',
  })
    .option('--uuid', 'with their UUIDs')
    .option('--json', 'print JSON')
    .action((options) => execute(async (context) => (await import('../commands/domains.js')).run(options, context)));

  addPowerCommands(program, execute);

  addCommand(program, 'console', {
    summary: 'Open the text console of a running virtual machine',
    more:
      'Ctrl+] leaves it. It needs the right to open the terminal that QEMU made, mostly as root. ' +
      'Two readers of one console take the text from each other.',
    example: 'vgpuctl console fedora',
  })
    .argument('<domain>', domainHelp)
    .action((domain) => execute(async (context) => (await import('../commands/console.js')).run({ domain }, context)));

  addCommand(program, 'operations', {
    summary: 'List the changes under way, and those of the last 10 minutes',
    more: 'Those of all users, oldest first, also where vgpuctl did not ask for them.',
    example: 'vgpuctl operations',
  })
    .option('--json', 'print JSON, with the error of what has failed')
    .action((options) => execute(async (context) => (await import('../commands/operations.js')).run(options, context)));

  addCommand(program, 'status', {
    summary: 'Print versions and whether libvirt can be reached',
    more: 'The exit status is 7 when it cannot.',
    example: 'vgpuctl status',
  })
    .option('--json', 'print JSON')
    .action((options) => execute(async (context) => (await import('../commands/status.js')).run(options, context)));
}

function addAssignment(program: Command, execute: Execute): void {
  addCommand(program, 'assign', {
    summary: 'Give a vGPU to a virtual machine, from its next start on',
    more:
      'The device is added to the definition; the video devices are replaced by none and remembered. ' +
      'First the steps and what changes in the definition are printed, as they would be at that moment. ' +
      'Where other steps turn out to be needed when it is done, these are printed too.',
    example: `vgpuctl assign ${uuid} fedora`,
  })
    .argument('<vgpu>', vgpuHelp)
    .argument('<domain>', domainHelp)
    .option('--dry-run', 'only print what would be done now')
    .action((vgpu, domain, options) =>
      execute(async (context) => (await import('../commands/assign.js')).run({ ...options, vgpu, domain }, context)),
    );

  addCommand(program, 'unassign', {
    summary: 'Take a vGPU from a virtual machine, from its next start on',
    more:
      'With its last vGPU the video devices that assign removed come back. ' +
      'It works also for a vGPU that does not exist any more. It prints what assign prints.',
    example: `vgpuctl unassign ${uuid} fedora`,
  })
    .argument('<vgpu>', vgpuHelp)
    .argument('<domain>', domainHelp)
    .option('--dry-run', 'only print what would be done now')
    .option('--no-restore-video', 'do not bring the video devices back')
    .action((vgpu, domain, options) =>
      execute(async (context) => (await import('../commands/unassign.js')).run({ ...options, vgpu, domain }, context)),
    );
}

const powerCommands = [
  { name: 'start', method: 'Start', summary: 'Start a virtual machine, and its vGPUs that are not active before it' },
  { name: 'shutdown', method: 'Shutdown', summary: 'Ask a virtual machine to shut down, without waiting for it' },
  { name: 'force-off', method: 'ForceOff', summary: 'End a virtual machine at once, as if its power were cut' },
] as const;

function addPowerCommands(program: Command, execute: Execute): void {
  const parent = program
    .command('domain')
    .summary('Start and stop virtual machines')
    .description('Start and stop virtual machines.')
    .allowExcessArguments(false)
    .showHelpAfterError('vgpuctl: try vgpuctl domain --help')
    .helpCommand(false);
  for (const { name, method, summary } of powerCommands) {
    addCommand(parent, name, { summary, example: `vgpuctl domain ${name} fedora` })
      .argument('<domain>', domainHelp)
      .action((domain) =>
        execute(async (context) => (await import('../commands/domain-power.js')).run({ method, domain }, context)),
      );
  }
}
