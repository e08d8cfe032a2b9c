// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Command } from 'commander';
import type { Context } from '../context.js';

/** A command with its options, ready to run. */
export type BoundCommand = (context: Context) => Promise<number>;

/** What a command line leads to; the commands themselves are loaded only then. */
export type Execute = (command: BoundCommand) => Promise<void>;

/** The words for one command: a line for the list of commands, all of it for its own help, and a command line. */
export interface CommandText {
  readonly summary: string;
  /** What follows the summary in the command's own help. */
  readonly more?: string;
  readonly example: string;
}

/** A sub-command with the program's manners. */
export function addCommand(parent: Command, name: string, { summary, more, example }: CommandText): Command {
  const words = parent.parent === null ? name : `${parent.name()} ${name}`;
  return parent
    .command(name)
    .summary(summary)
    .description(more === undefined ? `${summary}.` : `${summary}. ${more}`)
    .allowExcessArguments(false)
    .showHelpAfterError(`vgpuctl: try vgpuctl ${words} --help`)
    .addHelpText('after', `\nExample:\n  ${example}`);
}
