// SPDX-License-Identifier: LGPL-2.1-or-later
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why a daemon of our own cannot run here, or nothing. */
export function daemonObstacle(): string | undefined {
  if (!existsSync('/usr/sbin/libvirtd')) return 'libvirtd is not installed';
  if (spawnSync('unshare', ['--mount', '--net', 'true']).status !== 0) return 'mount namespaces need root';
  return undefined;
}

/** A libvirtd in namespaces of its own, which serves the test driver over a real socket. */
export class Daemon {
  readonly uri: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.uri = `test+unix:///default?socket=${join(folder, 'libvirt-sock')}`;
    child.stderr?.on('data', (data: Buffer) => (this.#log += data.toString()));
  }

  static async start(): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), 'libvirt-test-'));
    const config = join(folder, 'libvirtd.conf');
    writeFileSync(
      config,
      [
        `unix_sock_dir = "${folder}"`,
        'auth_unix_ro = "none"',
        'auth_unix_rw = "none"',
        'unix_sock_rw_perms = "0700"',
        '',
      ].join('\n'),
    );
    // Nothing of the host's libvirt may be seen or changed.
    const hidden = ['/run', '/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log'];
    const mounts = hidden.map((path) => `if [ -d ${path} ]; then mount -t tmpfs tmpfs ${path}; fi`);
    const pidFile = join(folder, 'pid');
    const script = [...mounts, `exec /usr/sbin/libvirtd -f ${config} -p ${pidFile}`].join(' && ');
    const daemon = new Daemon(
      folder,
      spawn('unshare', ['--mount', '--net', 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] }),
    );
    await daemon.#until('the daemon listens', () => existsSync(join(folder, 'libvirt-sock')) && existsSync(pidFile));
    return daemon;
  }

  pid(): number {
    return Number(readFileSync(join(this.#folder, 'pid'), 'utf8'));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid(), signal);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGCONT');
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`timed out waiting until ${what}:\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
