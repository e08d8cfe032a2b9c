// SPDX-License-Identifier: LGPL-2.1-or-later
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from '@vgpu/core/testing';

const root = findRoot(import.meta.dirname);

/** Folders with host files: machines, and small hosts that only the contract suite needs. */
export const hostFolders: readonly string[] = [
  join(root, 'tests/emulated-host/hosts'),
  join(root, 'tests/contract/hosts'),
];

/** Paths of all host files. */
export function listHostFiles(): readonly string[] {
  return hostFolders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name)),
  );
}

/** The path of a host file by its name, as ContractHost's makers get it. */
export function hostFilePath(name: string): string {
  const path = hostFolders.map((folder) => join(folder, `${name}.json`)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`no host file ${name}.json in ${hostFolders.join(' or ')}`);
  return path;
}

/** A host file, read; its form is what host-files.test.ts checks. */
export function readHostFile(name: string): HostFile {
  return JSON.parse(readFileSync(hostFilePath(name), 'utf8')) as HostFile;
}

/** The workspace's root, from sources as well as from dist. */
function findRoot(from: string): string {
  return existsSync(join(from, 'pnpm-workspace.yaml')) ? from : findRoot(join(from, '..'));
}
