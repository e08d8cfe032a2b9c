// SPDX-License-Identifier: LGPL-2.1-or-later
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { DeviceError } from '@vgpu/core';

/** Device number of every `/dev/pts/N`: Linux's devices.txt, UNIX98 PTY slaves; N is the minor number. */
const pseudoTerminalMajor = 136;

/**
 * Opens the pseudo-terminal that QEMU made for a virtual machine; the path is only somebody's word for it.
 * @returns a file descriptor
 * @throws DeviceError NotSupported (no pseudo-terminal), NotAuthorized (may not be opened), InvalidState (gone, or somebody
 * else's by now)
 */
export function openHostTerminal(path: string): number {
  const number = /^\/dev\/pts\/(0|[1-9]\d{0,6})$/.exec(path)?.[1];
  if (number === undefined) throw new DeviceError('NotSupported', `${path} is no pseudo-terminal`);
  const fd = openDevice(path);
  try {
    const device = fstatSync(fd);
    const { major, minor } = splitDeviceNumber(device.rdev);
    if (!device.isCharacterDevice() || major !== pseudoTerminalMajor || minor !== Number(number) || !isatty(fd)) {
      throw new DeviceError('NotSupported', `${path} is no pseudo-terminal`);
    }
    // Numbers of terminals are used again: QEMU's never controls a session, that of a person's shell always does.
    const owner = findSession(device.rdev);
    if (owner !== undefined) {
      throw new DeviceError('InvalidState', `${path} is the terminal of process ${owner}, and no virtual machine's`);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDevice(path: string): number {
  try {
    // Without O_NOCTTY it could become this process's own terminal.
    return openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new DeviceError('NotAuthorized', `${path} may not be opened by this user`, { cause: error });
    }
    throw new DeviceError('InvalidState', `${path} cannot be opened (${code ?? 'unknown error'})`, { cause: error });
  }
}

/** As makedev(3) of glibc puts them together, below 32 bits. */
function splitDeviceNumber(device: number): { readonly major: number; readonly minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}

/** A process whose controlling terminal it is, of those that can be seen. */
function findSession(device: number): string | undefined {
  return readdirSync('/proc').find((name) => /^\d+$/.test(name) && controllingTerminal(name) === device);
}

/** tty_nr in proc_pid_stat(5); undefined when the process has ended or may not be looked at. */
function controllingTerminal(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may contain anything; behind it come state, ppid, pgrp, session, tty_nr.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4]) >>> 0;
  } catch {
    return undefined;
  }
}
