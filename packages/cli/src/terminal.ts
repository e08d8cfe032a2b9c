// SPDX-License-Identifier: LGPL-2.1-or-later
import { ReadStream } from 'node:tty';
import { openHostTerminal } from './host-terminal.js';

/** Ctrl+]: the key that leaves a console, as in telnet and virsh. */
const leaveKey = 0x1d;

/** The user's terminal. */
export interface Terminal {
  /** Whether somebody sits there: standard input and output are terminals. */
  readonly interactive: boolean;
  /**
   * Opens a terminal of the host.
   * Rejects with DeviceError: NotAuthorized when it may not be opened, InvalidState when it is not there or somebody
   * else's, NotSupported when it is no pseudo-terminal.
   */
  open(path: string): Promise<HostTerminal>;
}

/** An open terminal of the host. */
export interface HostTerminal {
  /** Joins the user's terminal to it, keys and output, until Ctrl+] or until the other side is gone; closes it then. */
  join(): Promise<'left' | 'closed'>;
  close(): void;
}

export function openTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Terminal {
  return {
    interactive: input.isTTY && output.isTTY,
    open: async (path) => {
      const device = new ReadStream(openHostTerminal(path));
      return { join: () => join(input, output, device), close: () => void device.destroy() };
    },
  };
}

async function join(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  device: ReadStream,
): Promise<'left' | 'closed'> {
  try {
    // The user's first: the one that Node also restores when the process ends unexpectedly.
    input.setRawMode(true);
    device.setRawMode(true);
    return await relay(input, output, device);
  } finally {
    input.setRawMode(false);
    input.pause();
    input.removeAllListeners('data');
    device.destroy();
  }
}

function relay(input: NodeJS.ReadStream, output: NodeJS.WriteStream, device: ReadStream): Promise<'left' | 'closed'> {
  return new Promise((resolve) => {
    // A virtual machine that ends hangs up: reading then fails with EIO.
    device.on('error', () => resolve('closed'));
    device.on('end', () => resolve('closed'));
    device.on('close', () => resolve('closed'));
    device.on('data', (bytes: Buffer) => {
      if (output.write(bytes)) return;
      device.pause();
      output.once('drain', () => device.resume());
    });
    input.on('data', (bytes: Buffer) => {
      const leave = bytes.indexOf(leaveKey);
      if (leave !== 0) device.write(leave === -1 ? bytes : bytes.subarray(0, leave));
      if (leave !== -1) resolve('left');
    });
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('left'));
    input.resume();
  });
}
