// SPDX-License-Identifier: LGPL-2.1-or-later
import { Option, type Command } from 'commander';
import { addCommand, type Execute } from './command.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const uuidHelp = 'UUID of the vGPU, or UUID@PARENT';
const parentHelp = 'its parent device';
const typeHelp = 'kind of vGPU, as vgpuctl types lists them';

/** groups, types, list and the life of a vGPU: mdevctl's words and options. */
export function addDeviceCommands(program: Command, execute: Execute): void {
  addListings(program, execute);
  addLifeCycle(program, execute);
}

function addListings(program: Command, execute: Execute): void {
  addCommand(program, 'groups', {
    summary: 'List the IOMMU groups and their devices',
    more: 'Devices are printed as lspci -nn prints them; a vGPU with its kind and parent.',
    example: 'vgpuctl groups',
  })
    .option('--json', 'print JSON')
    .action((options) => execute(async (context) => (await import('../commands/groups.js')).run(options, context)));

  addCommand(program, 'types', {
    summary: 'List the kinds of vGPU that this host can make',
    more: "The output is that of the host's mdevctl.",
    example: 'vgpuctl types',
  })
    .option('-p, --parent <parent>', 'only those of this parent device')
    .option('--dumpjson', 'print JSON')
    .action((options) => execute(async (context) => (await import('../commands/types.js')).run(options, context)));

  addCommand(program, 'list', {
    summary: 'List the active vGPUs, or the defined ones',
    more: "The output is that of the host's mdevctl. With --uuid and --dumpjson it is what recreates that one vGPU.",
    example: 'vgpuctl list --defined',
  })
    .option('-d, --defined', 'list what is defined, active or not')
    .option('-u, --uuid <uuid>', 'only those with this UUID')
    .option('-p, --parent <parent>', 'only those of this parent device')
    .option('-v, --verbose', 'with attributes')
    .option('--dumpjson', 'print JSON')
    .action((options) => execute(async (context) => (await import('../commands/list.js')).run(options, context)));
}

function addLifeCycle(program: Command, execute: Execute): void {
  addCommand(program, 'start', {
    summary: 'Start a vGPU',
    more:
      'It is a defined one, or with --parent and --type a new one, which is gone when it stops. ' +
      'Without --uuid a new UUID is chosen and printed.',
    example: `vgpuctl start --uuid ${uuid} -p 0000:00:02.0 --type i915-GVTg_V5_4`,
  })
    .option('-u, --uuid <uuid>', uuidHelp)
    .option('-p, --parent <parent>', parentHelp)
    .option('-t, --type <type>', typeHelp)
    .action((options) => execute(async (context) => (await import('../commands/start.js')).run(options, context)));

  addCommand(program, 'stop', {
    summary: 'Stop an active vGPU',
    more: 'One that is not defined is gone then. Refused while a virtual machine uses it.',
    example: `vgpuctl stop --uuid ${uuid}`,
  })
    .requiredOption('-u, --uuid <uuid>', uuidHelp)
    .action((options) => execute(async (context) => (await import('../commands/stop.js')).run(options, context)));

  addCommand(program, 'define', {
    summary: 'Define an active vGPU, so that it lasts, or a new one',
    more:
      'With --parent and --type a new one is defined and not started. ' +
      'Without --uuid a new UUID is chosen and printed.',
    example: `vgpuctl define --uuid ${uuid}`,
  })
    .option('-u, --uuid <uuid>', uuidHelp)
    .option('-p, --parent <parent>', parentHelp)
    .option('-t, --type <type>', typeHelp)
    .option('-a, --auto', 'start it with its parent, for example when the host boots')
    .action((options) => execute(async (context) => (await import('../commands/define.js')).run(options, context)));

  addCommand(program, 'undefine', {
    summary: 'Remove the definition of a vGPU',
    more: 'An active one goes on without it.',
    example: `vgpuctl undefine --uuid ${uuid}`,
  })
    .requiredOption('-u, --uuid <uuid>', uuidHelp)
    .option('-p, --parent <parent>', parentHelp)
    .action((options) => execute(async (context) => (await import('../commands/undefine.js')).run(options, context)));

  addCommand(program, 'modify', {
    summary: 'Set whether a defined vGPU starts by itself',
    more: 'It then starts with its parent, for example when the host boots.',
    example: `vgpuctl modify --uuid ${uuid} --auto`,
  })
    .requiredOption('-u, --uuid <uuid>', uuidHelp)
    .option('-p, --parent <parent>', parentHelp)
    .addOption(new Option('-a, --auto', 'it starts by itself').conflicts('manual'))
    .addOption(new Option('-m, --manual', 'it does not'))
    .action((options) => execute(async (context) => (await import('../commands/modify.js')).run(options, context)));
}
