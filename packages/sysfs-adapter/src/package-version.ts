// SPDX-License-Identifier: LGPL-2.1-or-later
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Upstream's version of an installed package, `1.2.0`, from dpkg's or pacman's own files; undefined when neither
 * knows it. No program is run, so a distribution with a binary database (rpm) stays unknown.
 */
export async function readPackageVersion(root: string, name: string): Promise<string | undefined> {
  const version = (await readDpkgVersion(root, name)) ?? (await readPacmanVersion(root, name));
  // Epoch before, the distribution's revision behind.
  return version === undefined ? undefined : /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1];
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
