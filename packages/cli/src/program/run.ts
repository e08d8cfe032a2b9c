// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, exitStatusByErrorCode } from '@vgpu/core';
import { CommanderError } from 'commander';
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import { InterruptedError } from '../service/interruption.js';
import { createProgram, interruptedStatus } from './program.js';

/** Where words that are not a command's result go. */
export interface Messages {
  /** Help that was asked for. */
  print(text: string): void;
  /** Errors and usage. */
  complain(text: string): void;
  readonly isRoot: boolean;
}

/**
 * Runs one command line, without the program's name.
 * @returns the exit status: 0, that of the error's code, or 130 after Ctrl+C.
 */
export async function runProgram(argv: readonly string[], context: Context, messages: Messages): Promise<number> {
  let status = 0;
  const program = createProgram(
    async (command) => {
      status = await command(context);
    },
    { writeOut: messages.print, writeErr: messages.complain },
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version that were asked for end here too, with 0.
      return error.exitCode === 0 ? 0 : exitStatusByErrorCode.InvalidArgument;
    }
    messages.complain(formatFailure(error, messages.isRoot));
    if (error instanceof InterruptedError) return interruptedStatus;
    return exitStatusByErrorCode[error instanceof DeviceError ? error.code : 'Internal'];
  }
}

function formatFailure(error: unknown, isRoot: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  let text = `vgpuctl: ${plain(message)}\n`;
  if (error instanceof DeviceError && error.code === 'NotAuthorized' && !isRoot) {
    text += 'vgpuctl: try again as root, for example with sudo\n';
  }
  if (error instanceof DeviceError && error.code === 'Unavailable' && isServicesAnswer(error)) {
    text += 'vgpuctl: if libvirt does not run, systemctl start libvirtd.socket starts it; see vgpuctl status\n';
  }
  return text;
}

/** Whether vgpud itself has said so: it is there, what it needs is not. */
function isServicesAnswer({ cause }: DeviceError): boolean {
  return cause instanceof Error && 'errorName' in cause && String(cause.errorName).startsWith('me.phyllo.Vgpu1.Error.');
}
