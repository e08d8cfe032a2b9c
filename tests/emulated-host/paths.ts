// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** This folder in the sources, also when the compiled code below tests/dist runs: the Python side and the hosts lie here. */
export const sourceDirectory = findSourceDirectory();

/** Root of the checkout. */
export const checkout = dirname(dirname(sourceDirectory));

/** Where the namespace's own files are, as seen inside. */
export const insideDirectory = '/run/emulated-host';

function findSourceDirectory(): string {
  for (let above = import.meta.dirname; above !== dirname(above); above = dirname(above)) {
    const candidate = join(above, 'emulated-host');
    if (existsSync(join(candidate, 'supervisor.py'))) return candidate;
  }
  throw new Error(`no emulated-host folder with a supervisor above ${import.meta.dirname}`);
}

/**
 * Directory that outlives hosts: QEMU's capability cache and Python's bytecode. Below the checkout's node_modules, or
 * the user's cache when that cannot be written. One for each operating system, so that a container does not spoil it.
 */
export function cacheDirectory(): string {
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release') : 'unknown';
  const key = createHash('sha256').update(system).update(process.arch).digest('hex').slice(0, 12);
  const modules = join(checkout, 'node_modules');
  const userCache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const base = isWritable(modules) ? join(modules, '.cache') : join(userCache, 'vgpud');
  const directory = join(base, 'emulated-host', key);
  mkdirSync(join(directory, 'capabilities'), { recursive: true });
  return directory;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
