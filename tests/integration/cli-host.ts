// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { HostFile } from '@vgpu/core/testing';
import { startEmulatedHost, type EmulatedHost, type ExecOptions, type ExecResult } from '../emulated-host/index.js';

/** How long the service may take to see what another program changed. */
const followTimeoutMs = 10_000;

const terminalProgram = readFileSync(new URL('cli-terminal.py', import.meta.url), 'utf8');

export interface TerminalResult {
  /** Everything that appeared on the terminal, what was typed included. */
  readonly seen: string;
  readonly status: number;
  /** Whether the terminal's settings are those from before. */
  readonly restored: boolean;
}

/** A machine with everything on it, seen through its command lines. */
export class CliHost implements AsyncDisposable {
  readonly machine: EmulatedHost;

  constructor(machine: EmulatedHost) {
    this.machine = machine;
  }

  vgpuctl(args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.machine.exec('vgpuctl', args, options);
  }

  /** As vgpuctl(), for a command that must succeed; its output. */
  async succeed(...args: readonly string[]): Promise<string> {
    const result = await this.vgpuctl(args);
    if (result.status !== 0) throw new Error(`vgpuctl ${args.join(' ')}: ${result.status}: ${result.stderr}`);
    return result.stdout;
  }

  mdevctl(args: readonly string[]): Promise<ExecResult> {
    return this.machine.exec('mdevctl', args);
  }

  /** Defines a virtual machine with this UUID, or changes its definition; waits until the service knows it. */
  async define(domain: string, xml: string): Promise<void> {
    const result = await this.machine.exec('virsh', ['define', '/dev/stdin'], { input: xml });
    if (result.status !== 0) throw new Error(result.stderr);
    await this.waitForOutput(['domains', '--json'], (stdout) => stdout.includes(`"uuid": "${domain}"`));
  }

  /**
   * Runs vgpuctl for somebody at a terminal, who types the answer when the text before it appears; an answer that begins
   * with "$ " is a command for a shell instead.
   */
  async atTerminal(args: readonly string[], steps: readonly (readonly [string, string])[], user = 'root') {
    const program = ['-c', terminalProgram, JSON.stringify(steps), 'vgpuctl', ...args];
    const { status, stdout, stderr } = await this.machine.exec('python3', program, { user });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as TerminalResult;
  }

  /** The output of a command inside that must succeed. */
  async output(command: string, ...args: readonly string[]): Promise<string> {
    const result = await this.machine.exec(command, args);
    if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.status}: ${result.stderr}`);
    return result.stdout;
  }

  /** Everything that a refused command must leave alone: mdevs with their definitions, domains with both documents. */
  async state(): Promise<string> {
    const script = [
      'mdevctl list --dumpjson',
      'mdevctl list --defined --dumpjson',
      'for file in $(find /etc/mdevctl.d -type f | sort); do echo "$file"; cat "$file"; done',
      'virsh list --all --uuid --name',
      'for domain in $(virsh list --all --uuid); do virsh dumpxml --inactive --security-info "$domain"; virsh domstate "$domain"; done',
    ];
    return this.output('sh', '-c', script.join('\n'));
  }

  /** Waits until what vgpuctl prints fulfils the condition: after a change that the service did not make itself. */
  async waitForOutput(args: readonly string[], condition: (stdout: string) => boolean | Promise<boolean>) {
    const deadline = Date.now() + followTimeoutMs;
    for (;;) {
      const { stdout, stderr, status } = await this.vgpuctl(args);
      if (status === 0 && (await condition(stdout))) return;
      if (Date.now() > deadline) throw new Error(`the service has not followed the host: ${stdout}${stderr}`);
    }
  }

  /** As waitForOutput() for the definitions of vGPUs. */
  waitForDefinitions(condition: (json: unknown) => boolean | Promise<boolean>): Promise<void> {
    return this.waitForOutput(['list', '--defined', '--dumpjson'], (stdout) => condition(JSON.parse(stdout)));
  }

  /** Waits until the service shows what mdevctl shows. */
  followed(): Promise<void> {
    return this.waitForDefinitions(async (ours) => {
      const theirs = await this.mdevctl(['list', '--defined', '--dumpjson']);
      return isDeepStrictEqual(ours, JSON.parse(theirs.stdout));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.machine.stop();
  }
}

export async function startCliHost(host: string | HostFile = 'seed-page'): Promise<CliHost> {
  return new CliHost(await startEmulatedHost(host, { services: ['bus', 'polkit', 'libvirtd', 'vgpud'] }));
}

/** What the page prints for its first command: groups 0 to 16. */
export function readPageGroups(): string {
  return readFileSync(new URL('../../packages/cli/src/testing/reference/page-groups.txt', import.meta.url), 'utf8');
}
