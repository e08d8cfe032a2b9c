// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, type ChildProcess } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { callQmp } from './qmp.js';

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that the machine does may take this long; it is slow under emulation, and more so on a busy host. */
export const patienceMs = 180_000;
/** A boot may take this long, as the first one in boot.sh. */
const bootMs = 500_000;

/** mdevctl 1.2, and so vgpuctl where libvirt has that one, ends a listing with an empty line. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The machine that tests/lab/run has booted, as root. */
export class Lab {
  readonly #folder: string;

  constructor() {
    const folder = process.env['VGPUD_LAB'];
    if (folder === undefined) throw new Error('these tests need the lab: npm run lab');
    this.#folder = folder;
  }

  /** Runs a shell command. */
  async try(command: string, input?: string): Promise<Result> {
    const child = this.#ssh(command);
    child.stdin?.end(input);
    return await resultOf(child);
  }

  /** Runs a shell command and gives its standard output. Throws, with what it said, when it fails. */
  async run(command: string, input?: string): Promise<string> {
    const { status, stdout, stderr } = await this.try(command, input);
    if (status !== 0) throw new Error(`${command} failed with ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Unpacks an archive of this machine into a folder of the lab's. */
  async unpack(archive: string, folder: string): Promise<void> {
    const child = this.#ssh(`mkdir -p ${folder} && tar -xz -C ${folder}`);
    if (child.stdin !== null) createReadStream(archive).pipe(child.stdin);
    const { status, stderr } = await resultOf(child);
    if (status !== 0) throw new Error(`unpacking ${archive} failed: ${stderr}`);
  }

  /** What systemd knows of a unit. */
  async unitProperty(unit: string, name: string): Promise<string> {
    return (await this.run(`systemctl show -P ${name} ${unit}`)).trim();
  }

  /** Waits until a shell command succeeds, and gives its output. */
  async until(command: string): Promise<string> {
    return await vi.waitFor(() => this.run(command), { timeout: patienceMs, interval: 500 });
  }

  /** Tells QEMU something, as a person at the hardware. */
  async hardware(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return await callQmp(join(this.#folder, 'qmp'), command, args);
  }

  /** What QEMU has written so far: warnings, and the events that were asked for with `trace-event-set-state`. */
  async said(): Promise<string> {
    return await readFile(join(this.#folder, 'qemu.log'), 'utf8');
  }

  /** Starts the machine anew, by its own hand, and returns when it is up again. */
  async reboot(): Promise<void> {
    const bootId = 'cat /proc/sys/kernel/random/boot_id';
    const before = await this.run(bootId);
    await this.hardware('set-action', { reboot: 'reset' });
    await this.try('systemctl --no-block start reboot.target');
    await resultOf(spawn('ssh', ['-F', join(this.#folder, 'ssh'), '-O', 'exit', 'lab'], { stdio: 'pipe' }));
    await vi.waitFor(
      async () => {
        if ((await this.run(bootId)) === before) throw new Error('the machine has not gone down yet');
      },
      { timeout: bootMs, interval: 1000 },
    );
    await this.hardware('set-action', { reboot: 'shutdown' });
    await this.until('systemctl is-active vgpud-lab-ready.service');
  }

  #ssh(command: string): ChildProcess {
    return spawn('ssh', ['-F', join(this.#folder, 'ssh'), 'lab', command], { stdio: 'pipe' });
  }
}

function resultOf(child: ChildProcess): Promise<Result> {
  return new Promise((resolve, reject) => {
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
      });
    }
    // A command may end without reading all of its input.
    child.stdin?.on('error', () => {});
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 255, ...text }));
  });
}
