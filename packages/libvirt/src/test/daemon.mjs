// SPDX-License-Identifier: LGPL-2.1-or-later
// A libvirtd in namespaces of its own, for the tests and the soak.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

// Nothing of the host's libvirt may be seen or changed.
const hidden = ['/run', '/etc/mdevctl.d', '/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log'];
const startTimeoutMs = 20_000;
/** Of what the daemon writes, in characters; a soak provokes a lot of errors. */
const logLength = 16_384;

/** Why a daemon of our own cannot run here, or nothing. */
export function daemonObstacle() {
  if (!existsSync('/usr/sbin/libvirtd')) return 'libvirtd is not installed';
  if (spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', '--mount-proc', 'true']).status !== 0)
    return 'namespaces need root';
  return undefined;
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** A socket is there before anybody listens on it. */
function listens(socket) {
  return new Promise((resolve) => {
    const client = connect(socket, () => resolve(true)).on('error', () => resolve(false));
    client.end();
  });
}

function nameOf(pid) {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

export class Daemon {
  #child;
  #log = '';
  #mdevs;

  constructor(folder, mdevs) {
    this.folder = folder;
    this.#mdevs = mdevs;
    const socket = join(folder, 'libvirt-sock');
    this.uri = `test+unix:///default?socket=${socket}`;
    this.qemuUri = `qemu+unix:///system?socket=${socket}`;
  }

  static async start({ mdevs = [] } = {}) {
    const daemon = new Daemon(mkdtempSync(join(tmpdir(), 'libvirt-test-')), mdevs);
    writeFileSync(
      join(daemon.folder, 'libvirtd.conf'),
      `unix_sock_dir = "${daemon.folder}"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0700"
`,
    );
    await daemon.restart();
    return daemon;
  }

  /** Starts it again, in the same place, after it was killed. */
  async restart() {
    await this.#end();
    const pidFile = join(this.folder, 'pid');
    const socket = join(this.folder, 'libvirt-sock');
    rmSync(pidFile, { force: true });
    rmSync(socket, { force: true });
    const mounts = hidden.map((path) => `if [ -d ${path} ]; then mount -t tmpfs tmpfs ${path}; fi`);
    // The shell stays, as the one that buries the children of others: libvirt waits for its probes to disappear.
    // No virtlogd, and guests that may read the folder of whoever started them.
    const qemu = `printf '%s\\n' 'stdio_handler = "file"' 'user = "root"' 'group = "root"' >/etc/libvirt/qemu.conf`;
    const definition = JSON.stringify({ mdev_type: 'none-1', start: 'manual', attrs: [] });
    const mdevctl = '/etc/mdevctl.d';
    const parent = `${mdevctl}/0000:ff:1f.7`;
    const mdevs = this.#mdevs.map((uuid) => `mkdir -p ${parent} && echo '${definition}' >${parent}/${uuid}`);
    const script = [
      ...mounts,
      // mdevctl wants its folders.
      `mkdir -p ${mdevctl}/scripts.d/callouts ${mdevctl}/scripts.d/notifiers`,
      ...mdevs,
      'mkdir /run/lock',
      qemu,
      `/usr/sbin/libvirtd -f ${join(this.folder, 'libvirtd.conf')} -p ${pidFile} & wait`,
    ];
    const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = spawn('unshare', [...namespaces, 'sh', '-c', script.join(' && ')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (data) => (this.#log = `${this.#log}${data}`.slice(-logLength)));
    this.#child = child;
    const deadline = Date.now() + startTimeoutMs;
    while (!existsSync(pidFile) || !(await listens(socket))) {
      if (Date.now() > deadline || child.exitCode !== null)
        throw new Error(`timed out waiting until the daemon listens:\n${this.#log}`);
      await delay(20);
    }
  }

  /** As this process sees it. */
  pid() {
    // unshare has one child, the shell; that has one, but for orphans that it has not buried yet.
    const daemon = childrenOf(childrenOf(this.#child.pid)[0]).find((pid) => nameOf(pid) === 'libvirtd');
    if (daemon === undefined) throw new Error('the daemon does not run');
    return daemon;
  }

  signal(signal) {
    process.kill(this.pid(), signal);
  }

  async stop() {
    await this.#end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end() {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await ended;
  }
}
