// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startEmulatedHost, type BusProgram, type EmulatedHost } from '../../emulated-host/index.js';
import { eventually, run } from '../../emulated-host/testing.js';
import { Lines } from './lines.js';
import { parent, uuid } from '../seed-page.js';

/** Both system buses of today's distributions. */
export const buses = ['dbus-daemon', 'dbus-broker'] as const satisfies readonly BusProgram[];

/** The contract where it is installed. */
export const installedContract = '/usr/share/dbus-1/interfaces/me.phyllo.Vgpu1.xml';

const insideFolder = '/run/clients';

/** The page's machine with vgpud, and client programs that every user of it can read. */
export class ClientHost implements AsyncDisposable {
  readonly machine: EmulatedHost;
  readonly #children: ChildProcessWithoutNullStreams[] = [];

  private constructor(machine: EmulatedHost) {
    this.machine = machine;
  }

  static async start(bus: BusProgram, ...programs: readonly string[]): Promise<ClientHost> {
    const machine = await startEmulatedHost('seed-page', { services: ['vgpud'], bus });
    mkdirSync(join(machine.root, insideFolder), { mode: 0o755 });
    for (const name of programs) {
      cpSync(join(import.meta.dirname, 'programs', name), join(machine.root, insideFolder, name));
    }
    return new ClientHost(machine);
  }

  /** Where a client program is inside. */
  program(name: string): string {
    return join(insideFolder, name);
  }

  /** The output of a command that must succeed; as root, who may change everything. */
  run(command: string, ...args: readonly string[]): Promise<string> {
    return run(this.machine, command, args);
  }

  /** As run(), as a user without rights. */
  runAsNobody(command: string, ...args: readonly string[]): Promise<string> {
    return run(this.machine, command, args, { user: 'nobody' });
  }

  /** Starts a client that goes on until clean(), as a user without rights. */
  listen(command: string, ...args: readonly string[]): Lines {
    return this.listenAs('nobody', command, ...args);
  }

  listenAs(user: string, command: string, ...args: readonly string[]): Lines {
    const child = this.machine.spawn(command, args, { user });
    this.#children.push(child);
    return new Lines(child);
  }

  /** Ends what listen() started and takes the vGPU away that the test made. Waits until the service shows it. */
  async clean(): Promise<void> {
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
    await this.machine.exec('mdevctl', ['stop', '-u', uuid]);
    await this.machine.exec('mdevctl', ['undefine', '-u', uuid, '-p', parent]);
    await eventually('no vGPU is left', async () => {
      const found = await this.findVgpus();
      if (found !== 'ao 0\n') throw new Error(found);
    });
  }

  /** busctl's answer of Manager.FindVgpus for the vGPU of the tests. */
  findVgpus(): Promise<string> {
    const manager = ['me.phyllo.Vgpu1', '/me/phyllo/Vgpu1/manager', 'me.phyllo.Vgpu1.Manager'];
    return this.runAsNobody('busctl', 'call', ...manager, 'FindVgpus', 's', uuid);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.machine.stop();
  }
}
