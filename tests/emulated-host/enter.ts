// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { insideDirectory } from './paths.js';

/** Environment of commands inside. */
export const insideEnvironment = {
  PATH: `${insideDirectory}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  LANG: 'C.UTF-8',
  // The emulated /sys is no sysfs, and libudev would refuse it.
  SYSTEMD_DEVICE_VERIFY_SYSFS: '0',
  LIBVIRT_DEFAULT_URI: 'qemu:///system',
} as const satisfies Record<string, string>;

export interface ExecOptions {
  /** Name of an account inside; absent: root. */
  readonly user?: string;
  /** Standard input; absent: empty. */
  readonly input?: string;
  /** Beside the standard environment of commands inside. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ExecResult {
  /** Exit status; 128 + n when signal n ended the command. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EnterOptions {
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** What to run after nsenter's own options: the command in its environment, directory and account. */
export function commandLine(root: string, command: readonly string[], options: EnterOptions): string[] {
  const variables = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
  const run = ['env', '-i', '-C', options.directory, ...variables, ...command];
  if (options.user === undefined || options.user === 'root') return run;
  const group = groupOf(root, options.user);
  return ['setpriv', `--reuid=${options.user}`, `--regid=${group}`, '--init-groups', ...run];
}

/** nsenter's arguments for the namespaces of this process. */
export function namespaceFlags(pid: number): string[] {
  return [`--target=${pid}`, '--mount', '--net', '--pid', '--ipc', '--uts'];
}

function groupOf(root: string, user: string): string {
  const entry = readFileSync(`${root}/etc/passwd`, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  if (entry?.[3] === undefined) throw new Error(`${user}: no such account in the emulated host`);
  return entry[3];
}

/** 128 + n for signal n, as a shell reports it. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Runs a command inside and collects its output. */
export function execInside(
  pid: number,
  command: string,
  args: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const inside = commandLine(`/proc/${pid}/root`, [command, ...args], {
    user: options.user,
    env: { ...insideEnvironment, ...options.env },
    directory: '/',
  });
  // Node gives a child a socket, which cannot be opened as /dev/stdin and makes bash read its .bashrc: hence the pipe.
  const { input } = options;
  const piped = input === undefined ? inside : ['/bin/sh', '-c', 'cat | "$@"', 'sh', ...inside];
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [...namespaceFlags(pid), ...piped], {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      cwd: '/',
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin?.on('error', () => undefined); // A command may end without having read its input.
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ status: exitStatus(code, signal), stdout, stderr }));
  });
}

/** Starts a command inside for a conversation over its streams. */
export function spawnInside(
  pid: number,
  command: string,
  args: readonly string[],
  { user, env }: Omit<ExecOptions, 'input'>,
): ChildProcessWithoutNullStreams {
  const inside = commandLine(`/proc/${pid}/root`, [command, ...args], {
    user,
    env: { ...insideEnvironment, ...env },
    directory: '/',
  });
  return spawn('nsenter', [...namespaceFlags(pid), ...inside], { cwd: '/' });
}
