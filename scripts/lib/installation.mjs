// SPDX-License-Identifier: LGPL-2.1-or-later
// What `npm start` puts on a machine, and how exactly that is taken away again, also after a crash: every step enters
// a manifest before it is done.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Root's own folder; it exists only while something is installed. */
const stateFolder = '/var/lib/vgpud-start';
const manifestFile = join(stateFolder, 'manifest.json');

/** Somebody else's file, or a command that failed; the message is for the person at the terminal. */
export class InstallationError extends Error {
  name = 'InstallationError';
}

/**
 * @typedef {{ kind: 'user', name: string } | { kind: 'folder', path: string } | { kind: 'file', path: string, sha256: string }} Step
 * @typedef {{ pid: number, steps: Step[] }} Manifest
 */

export class Installation {
  /** @type {Manifest} */
  #manifest;

  constructor() {
    this.#manifest = { pid: process.pid, steps: [] };
  }

  /** Makes a system user, unless there is one. */
  addUser(name) {
    if (spawnSync('getent', ['passwd', name]).status === 0) return;
    this.#record({ kind: 'user', name });
    const flags = ['--system', '--user-group', '--no-create-home', '--home-dir', '/', '--shell', '/usr/sbin/nologin'];
    run('useradd', [...flags, name]);
  }

  /** Copies a file, readable for everyone. Throws InstallationError when the target exists. */
  addFile(source, target) {
    if (existsSync(target)) throw new InstallationError(`${target} exists already and is not ours`);
    const content = readFileSync(source);
    this.addFolder(dirname(target));
    this.#record({ kind: 'file', path: target, sha256: digest(content) });
    writeFileSync(target, content, { flag: 'wx', mode: 0o644 });
  }

  /** Makes a folder and those above it, unless they exist. */
  addFolder(path) {
    if (existsSync(path)) return;
    this.addFolder(dirname(path));
    this.#record({ kind: 'folder', path });
    mkdirSync(path, { mode: 0o755 });
  }

  #record(step) {
    this.#manifest.steps.push(step);
    writeManifest(this.#manifest);
  }
}

/** What an earlier run installed and has not removed; undefined when there is nothing. */
export function leftInstallation() {
  if (!existsSync(manifestFile)) return undefined;
  /** @type {Manifest} */
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
  return { steps: manifest.steps.length, running: isStart(manifest.pid) };
}

/** Takes away what the manifest lists, newest first, and the manifest. Returns what had to be left, one sentence each. */
export function removeInstallation() {
  /** @type {Manifest} */
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'));
  const left = manifest.steps.toReversed().flatMap((step) => {
    const reason = removeStep(step);
    return reason === undefined ? [] : [reason];
  });
  rmSync(manifestFile);
  rmdirSync(stateFolder);
  return left;
}

/** @param {Step} step */
function removeStep(step) {
  if (step.kind === 'user') {
    if (spawnSync('getent', ['passwd', step.name]).status !== 0) return undefined;
    const { status, stderr } = spawnSync('userdel', [step.name], { encoding: 'utf8' });
    return status === 0 ? undefined : `user ${step.name} was not removed: ${stderr.trim()}`;
  }
  if (!existsSync(step.path)) return undefined;
  if (step.kind === 'folder') {
    try {
      rmdirSync(step.path);
      return undefined;
    } catch {
      return `${step.path} was not removed: it is not empty`;
    }
  }
  if (digest(readFileSync(step.path)) !== step.sha256) return `${step.path} was not removed: it has been changed`;
  rmSync(step.path);
  return undefined;
}

function writeManifest(manifest) {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const draft = `${manifestFile}.new`;
  writeFileSync(draft, JSON.stringify(manifest));
  sync(draft);
  renameSync(draft, manifestFile);
  sync(stateFolder);
}

function sync(path) {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the process is a running `npm start`, not a later process with the same number. */
function isStart(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.mjs');
  } catch {
    return false;
  }
}

function digest(content) {
  return createHash('sha256').update(content).digest('hex');
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new InstallationError(`${command} failed: ${error?.message ?? stderr.trim()}`);
}
