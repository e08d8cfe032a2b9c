// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const downloadTimeoutMs = 60_000;
const modules = join(import.meta.dirname, '../../node_modules');

/** A source package's upstream archive as Debian's archive has it. */
export interface SourcePackage {
  readonly version: string;
  /** Below the root of every mirror of Debian's archive, which is the same for all releases. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Why the archive is not here; the message says it. */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable';
}

/**
 * The archive's path below the cache; fetched when it is not there or not what it should be.
 * Where it comes from, and how, is what apt on this machine is configured to do.
 * @throws SourceUnavailable
 */
export async function fetchSource(source: SourcePackage): Promise<string> {
  const directory = cacheDirectory();
  const path = join(directory, `${source.sha256}.tar.xz`);
  if (await isSource(path, source)) return path;
  const mirrors = await debianMirrors();
  if (mirrors.length === 0) throw new SourceUnavailable('apt knows no mirror of Debian here');
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, 'download-'));
  try {
    for (const mirror of mirrors) {
      const fetched = join(work, 'archive');
      if (!(await download(`${mirror.replace(/\/$/, '')}/${source.path}`, fetched, source))) continue;
      await rename(fetched, path);
      return path;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  throw new SourceUnavailable(`${source.path} is not in the cache and no mirror gives it`);
}

/** As the emulated host's: below the checkout, or the user's when that cannot be written. */
function cacheDirectory(): string {
  try {
    accessSync(modules, constants.W_OK);
    return join(modules, '.cache', 'xml-corpus');
  } catch {
    return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'vgpud', 'xml-corpus');
  }
}

async function isSource(path: string, source: SourcePackage): Promise<boolean> {
  const content = await readFile(path).catch(() => undefined);
  if (content?.length !== source.bytes) return false;
  return createHash('sha256').update(content).digest('hex') === source.sha256;
}

/** Roots of Debian's own archive among this machine's package sources; those of third parties are left out. */
async function debianMirrors(): Promise<readonly string[]> {
  const format = ['--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)', 'Created-By: Packages'];
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(await readFile('/etc/os-release', 'utf8').catch(() => ''))?.[1];
  const { stdout } = await run('apt-get', ['indextargets', ...format]).catch(() => ({ stdout: '' }));
  const mirrors = stdout.split('\n').flatMap((line) => {
    const [uri, suite, component] = line.split(' ');
    return uri !== undefined && suite === release && component === 'main' ? [uri] : [];
  });
  return [...new Set(mirrors)];
}

/** Through apt's own helper: the machine's proxy, credentials and certificates hold, and the hash is checked. */
async function download(uri: string, target: string, source: SourcePackage): Promise<boolean> {
  try {
    const helper = '/usr/lib/apt/apt-helper';
    await run(helper, ['download-file', uri, target, `SHA256:${source.sha256}`], { timeout: downloadTimeoutMs });
  } catch {
    return false;
  }
  return await isSource(target, source);
}
