// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { DeviceError } from '@vgpu/core';
import { afterEach, describe, expect, it } from 'vitest';
import { openHostTerminal } from './host-terminal.js';

let holder: ChildProcess | undefined;

afterEach(async () => {
  if (holder === undefined) return;
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  holder = undefined;
});

/** A pseudo-terminal that another process holds, as QEMU does, or whose session it is. */
async function terminalOf(code: string): Promise<string> {
  const program = ['-c', `import os, pty, signal, sys, fcntl, termios\n${code}\nsignal.pause()`];
  holder = spawn('python3', program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [bytes] = (await once(holder.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return bytes.toString().trim();
}

const held = 'held, slave = pty.openpty()\nname = os.ttyname(slave)';
const show = 'print(name, flush=True)';

function codeOf(path: string): string {
  try {
    closeSync(openHostTerminal(path));
  } catch (error) {
    if (error instanceof DeviceError) return error.code;
    throw error;
  }
  return 'opened';
}

describe('openHostTerminal', () => {
  it("opens a terminal that is nobody's session", async () => {
    expect(codeOf(await terminalOf(`${held}\n${show}`))).toBe('opened');
  });

  it("refuses the terminal of somebody's session", async () => {
    const path = await terminalOf(`${held}\nos.setsid()\nfcntl.ioctl(slave, termios.TIOCSCTTY, 0)\n${show}`);
    expect(codeOf(path)).toBe('InvalidState');
    expect(() => openHostTerminal(path)).toThrow(`is the terminal of process ${holder?.pid}`);
  });

  it('refuses one that is not there', () => {
    expect(codeOf('/dev/pts/1048575')).toBe('InvalidState');
  });

  it.each(['/dev/null', '/dev/tty', '/dev/ptmx', '/dev/pts/ptmx', '/dev/pts/01', '/dev/pts/../null', 'dev/pts/1', ''])(
    'refuses %j, which is no pseudo-terminal',
    (path) => {
      expect(codeOf(path)).toBe('NotSupported');
    },
  );
});
