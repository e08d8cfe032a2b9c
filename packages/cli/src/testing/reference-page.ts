// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import { createProgram } from '../program/program.js';

/** What the help texts do not say, before and behind the commands. */
const introduction = `# vgpuctl

\`vgpuctl\` manages the virtual GPUs of a host through the service \`vgpud\` on the system bus. It needs no other access:
no configuration, no files, no libvirt.

This page is made from the help texts of the command (\`UPDATE_GOLDEN=1 npx vitest run --project unit packages/cli\`);
a test compares them.

Where a command has the name of one of mdevctl's, its options mean the same, and \`types\` and \`list\` print the same,
byte for byte, as the mdevctl that is installed on the host. The differences:

- What a driver says is printed with control and invisible characters escaped (\`\\x1b\`, \`\\u{202e}\`). In the
  attributes of a definition the service puts one space in the place of such characters, also in JSON: that JSON does not
  recreate such a definition, and \`vgpuctl start\` refuses it.
- A UUID may be followed by its parent, \`UUID@PARENT\`. One that exists under several parents is refused with exit
  status 17, also with its parent, where mdevctl would take all of them: libvirt cannot tell them apart when it changes
  one. mdevctl can: \`mdevctl undefine --uuid UUID --parent PARENT\`.
- \`define\` refuses parents that are not on the host and kinds that they do not make.
- Attributes (\`--addattr\`) and \`--jsonfile\` are not there.
- Where mdevctl ends with 1, the exit status says what was wrong.

- \`groups\` and \`types\` say on the standard error when there is nothing to list, and all listings when libvirt cannot be
  reached and what they print was seen earlier. Their output and exit status are as without it.
- \`start\` of an active vGPU ends with 15, also with --parent and --type where they are those that it has; with 11 where it
  is of another type.

## The log

Where an error says that the log of vgpud has more, the log is where vgpud runs: \`journalctl -u vgpud\` for the packaged
service, the terminal of \`npm start\`, \`/run/emulated-host/log/vgpud.log\` inside an emulated host. The text in brackets is
in the line to look for: \`grep -F '[0d58]'\`.

## Authorization

Listing is free. A change needs the polkit action that the service names: root is granted all of them, for other users the
administrator's password is asked. In a graphical session its dialog appears; in a terminal without one, \`vgpuctl\` lets
polkit's \`pkttyagent\` ask there, as systemctl and virsh do. Where nobody can be asked the exit status is 4. A change waits
10 minutes for an answer, long enough to find a password; then the exit status is 16, and \`vgpuctl operations\` tells how it
goes on.

## Ctrl+C

During a change Ctrl+C cancels it: nothing more is begun, and what was done is undone. \`vgpuctl\` waits for that, says what
became of it, and ends with 130, also where the change could not be stopped any more. A step that has begun is not
interrupted. A second Ctrl+C ends \`vgpuctl\` at once; \`vgpuctl operations\` tells how the change ends.

## Names of virtual machines

A virtual machine is named by its UUID, or by its name, exactly. Names can contain anything: one with control or invisible
characters, or with more than 255 bytes, is shown without them, with single spaces and at most 128 characters long, and goes
by its UUID: \`vgpuctl domains --uuid\`. Where two machines are shown alike, their name is refused with exit status 17 and
the UUIDs are listed. A name that begins or ends with spaces is shown with them, which a table does not tell:
\`vgpuctl domains --json\` does.

## What is shown before a change

\`assign\` and \`unassign\` first print what would be done at that moment: the steps, and the difference in the definition.
The service plans again when it makes the change, which can wait for a password. If the steps are others then, they are
printed as well. The difference is not printed again: where somebody has edited other parts of the definition in between,
its lines of context may be out of date.

## Consoles

\`vgpuctl console\` opens the terminal that QEMU made for the virtual machine, which mostly only root may open. It shows and
sends bytes as they are, and leaves with Ctrl+]. libvirt's own lock is not taken: whoever reads the same console with
\`virsh console\` at the same time gets a part of the text each.

The service says which terminal it is. \`vgpuctl\` asks again when it has opened it, opens nothing but pseudo-terminals, and
refuses one that a session runs on. While libvirt cannot be reached no console is opened.
`;

/** docs/vgpuctl.md. */
export function formatReferencePage(): string {
  const program = createProgram(() => Promise.resolve(), {});
  const sections = listCommands(program).map(
    (command) => `### ${commandName(command)}\n\n\`\`\`\n${helpOf(command)}\`\`\`\n`,
  );
  return [introduction, `## Commands\n\n\`\`\`\n${helpOf(program)}\`\`\`\n`, ...sections].join('\n');
}

/** Every command that does something, in the order of the help, which itself does not. */
export function listCommands(program: Command): Command[] {
  return program.commands
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => (command.commands.length > 0 ? listCommands(command) : [command]));
}

export function commandName(command: Command): string {
  return command.parent === null ? command.name() : `${commandName(command.parent)} ${command.name()}`;
}

/** Its --help as printed, 100 columns wide. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}
