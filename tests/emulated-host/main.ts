// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { commandLine, exitStatus, insideEnvironment, namespaceFlags } from './enter.js';
import { HostFileError, hostNames, readHostFile } from './host-file.js';
import { EmulatedHostError, startEmulatedHost, type EmulatedHost } from './index.js';

const killDelayMs = 3_000;

const usage = `usage: npm run -s host -- HOST COMMAND [ARGUMENT...]
Runs COMMAND as root inside an emulated host with vgpud, libvirtd and mdevctl; everything ends with it.
HOST is the path of a host file, or one of: ${hostNames().join(', ')}
`;

/** A shell that waits inside nsenter: an interrupt from the terminal must end the command, not the waiting for it. */
const waiter = 'trap : INT QUIT TERM HUP; "$@"; exit $?';

async function main(args: readonly string[]): Promise<number> {
  const [hostName, ...command] = args;
  if (hostName === undefined || command.length === 0) return fail(2, usage);
  const interruption = new Interruption();
  let host: EmulatedHost;
  try {
    const file = readHostFile(hostName);
    host = await startEmulatedHost(file, { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] });
  } catch (error) {
    if (error instanceof HostFileError) return fail(2, `${error.message}\n${usage}`);
    if (error instanceof EmulatedHostError) return fail(1, `${error.message}\n`);
    throw error;
  }
  try {
    const status = interruption.signal === undefined ? await run(host, command, interruption) : 0;
    return interruption.signal === undefined ? status : 128 + constants.signals[interruption.signal];
  } finally {
    await host.stop();
  }
}

/**
 * The first signal that asked us to end. On a terminal Ctrl+C reaches the command as well, which alone decides what it
 * means (a shell goes on), so there SIGINT is not taken as such a wish.
 */
class Interruption {
  signal: NodeJS.Signals | undefined;
  onSignal: (signal: NodeJS.Signals) => void = () => undefined;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (signal === 'SIGINT' && process.stdin.isTTY) return;
        this.signal ??= signal;
        this.onSignal(signal);
      });
    }
  }
}

/** The command with our own terminal and streams. A signal to us ends it, after a while by force. */
function run(host: EmulatedHost, command: readonly string[], interruption: Interruption): Promise<number> {
  const env = { ...definedEnvironment(), ...insideEnvironment, LANG: process.env['LANG'] ?? insideEnvironment.LANG };
  const path = `${insideEnvironment.PATH}:${process.env['PATH'] ?? ''}`;
  const inside = commandLine(host.root, command, {
    user: undefined,
    env: { ...env, PATH: path },
    directory: process.cwd(),
  });
  const flags = ['--no-fork', ...namespaceFlags(host.pid), '/bin/sh', '-c', waiter, 'sh'];
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [...flags, ...inside], { stdio: 'inherit' });
    interruption.onSignal = (signal) => {
      for (const pid of descendantsOf(child.pid)) signalIfThere(pid, signal);
      setTimeout(() => void host.stop(), killDelayMs).unref();
    };
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(exitStatus(code, signal)));
  });
}

/** A terminal would interrupt a command's whole process group; a shell that alone gets SIGINT waits for its child. */
function descendantsOf(pid: number | undefined): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return []; // It has ended meanwhile.
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

function fail(status: number, message: string): number {
  process.stderr.write(message);
  return status;
}

process.exitCode = await main(process.argv.slice(2));
