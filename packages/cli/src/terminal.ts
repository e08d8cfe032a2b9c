// SPDX-License-Identifier: LGPL-2.1-or-later
import { constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { DeviceError } from '@vgpu/core';

/** Ctrl+]: the key that leaves a console, as in telnet and virsh. */
const leaveKey = 0x1d;

/** The user's terminal. */
export interface Terminal {
  /** Whether somebody sits there: standard input and output are terminals. */
  readonly interactive: boolean;
  /**
   * Joins the user's terminal to a terminal of the host, keys and output, until Ctrl+] or until the other side is gone.
   * NotAuthorized when it may not be opened, InvalidState when it is not there.
   */
  join(path: string): Promise<'left' | 'closed'>;
}

export function openTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Terminal {
  return {
    interactive: input.isTTY && output.isTTY,
    join: async (path) => {
      const device = openDevice(path);
      const restore = (): void => {
        input.setRawMode(false);
        input.pause();
        input.removeAllListeners('data');
        device.destroy();
      };
      // The user's first: the one that Node also restores when the process ends unexpectedly.
      input.setRawMode(true);
      device.setRawMode(true);
      try {
        return await relay(input, output, device);
      } finally {
        restore();
      }
    },
  };
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

function openDevice(path: string): ReadStream {
  // The path comes from a domain: nothing but a pseudo-terminal is ever opened.
  if (!/^\/dev\/pts\/\d+$/.test(path)) {
    throw new DeviceError('NotSupported', `${path} is no pseudo-terminal`);
  }
  try {
    // Without O_NOCTTY it could become this process's own terminal.
    return new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new DeviceError('NotAuthorized', `${path} may not be opened by this user`, { cause: error });
    }
    throw new DeviceError('InvalidState', `${path} cannot be opened (${code ?? 'unknown error'})`, { cause: error });
  }
}
