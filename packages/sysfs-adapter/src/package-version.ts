// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readPackageNote } from './elf-package-note.js';

/**
 * Upstream's version of an installed package, `1.2.0`, from dpkg's or pacman's own files or from the note in the
 * program of that name. No program is run and rpm's database is binary, so where rpm's packages have no note (before
 * Fedora 36, RHEL 9) the version is not known: undefined.
 */
export async function readPackageVersion(root: string, name: string): Promise<string | undefined> {
  const version =
    (await readDpkgVersion(root, name)) ??
    (await readPacmanVersion(root, name)) ??
    (await readNotedVersion(join(root, 'usr/bin', name), name)) ??
    (await readNotedVersion(join(root, 'usr/sbin', name), name));
  // Epoch before, the distribution's revision behind.
  return version === undefined ? undefined : /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1];
}

async function readNotedVersion(path: string, name: string): Promise<string | undefined> {
  const note = await readPackageNote(path);
  return note?.name === name ? note.version : undefined;
}

/** The database is read line by line: it has some megabytes. */
async function readDpkgVersion(root: string, name: string): Promise<string | undefined> {
  const stream = createReadStream(join(root, 'var/lib/dpkg/status'));
  try {
    let current = false;
    let installed = false;
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      if (line.startsWith('Package: ')) current = line === `Package: ${name}`;
      else if (current && line.startsWith('Status: ')) installed = line.endsWith(' installed');
      else if (current && line.startsWith('Version: ')) return installed ? line.slice('Version: '.length) : undefined;
    }
  } catch {
    // No dpkg here.
  } finally {
    stream.destroy();
  }
  return undefined;
}

/** pacman has one folder per package: `mdevctl-1.3.0-2`. */
async function readPacmanVersion(root: string, name: string): Promise<string | undefined> {
  try {
    const folders = await readdir(join(root, 'var/lib/pacman/local'));
    const folder = folders.find(
      (entry) => entry.startsWith(`${name}-`) && /^\d[^-]*-[^-]*$/.test(entry.slice(name.length + 1)),
    );
    return folder?.slice(name.length + 1);
  } catch {
    return undefined;
  }
}
