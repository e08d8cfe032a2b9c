// SPDX-License-Identifier: LGPL-2.1-or-later
// `npm start`: serves this machine's own libvirt with vgpud in the foreground. What vgpud needs on the machine is
// installed after consent and removed when it ends.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { Installation, InstallationError, leftInstallation, removeInstallation } from './lib/installation.mjs';

const usage = `usage: npm start [-- --yes]       asks, installs what is needed, serves until Ctrl+C, removes it again
       npm start -- --remove     removes what a killed run has left`;

const checkout = new URL('..', import.meta.url).pathname;
const data = join(checkout, 'packages/dbus-service/data');
const user = 'vgpud';
const busName = 'me.phyllo.Vgpu1';
/** Where vgpud sees Node and the checkout. */
const place = '/run/vgpud-start';
const files = [
  [join(data, 'me.phyllo.Vgpu1.conf'), '/etc/dbus-1/system.d/me.phyllo.Vgpu1.conf'],
  [join(data, 'me.phyllo.Vgpu1.xml'), '/usr/share/dbus-1/interfaces/me.phyllo.Vgpu1.xml'],
  [join(data, 'me.phyllo.vgpu1.policy'), '/usr/share/polkit-1/actions/me.phyllo.vgpu1.policy'],
  [join(data, '60-vgpud.rules'), '/etc/polkit-1/rules.d/60-vgpud.rules'],
];
/** A packaged vgpud has its bus policy here. */
const packagedPolicy = '/usr/share/dbus-1/system.d/me.phyllo.Vgpu1.conf';
const libvirtSockets = ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock'];

/** Exit statuses as vgpuctl's: usage 2, something unavailable 7. */
class StartError extends Error {
  constructor(message, status = 1) {
    super(message);
    this.status = status;
  }
}

async function main() {
  const { yes, remove } = readArguments();
  if (process.getuid() !== 0) throw new StartError('only root can install what vgpud needs: run sudo npm start', 4);
  const left = leftInstallation();
  if (left?.running) throw new StartError('another npm start is running');
  if (remove) {
    if (left === undefined) console.error('nothing is installed');
    else clean();
    return 0;
  }
  if (left !== undefined) {
    console.error('removing what an earlier run has left');
    clean();
  }
  await checkMachine();
  await askConsent(yes);
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interruption.abort());
  try {
    install();
    await serve(interruption.signal);
    return 0;
  } finally {
    if (leftInstallation() !== undefined) clean();
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { yes: { type: 'boolean' }, remove: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new StartError(`${error.message}\n${usage}`, 2);
  }
}

/** Refuses before anything is changed. */
async function checkMachine() {
  if (existsSync(packagedPolicy)) {
    throw new StartError(`vgpud is installed on this machine already: ${packagedPolicy}`);
  }
  const answers = await Promise.all(libvirtSockets.map(accepts));
  if (!answers.includes(true)) {
    throw new StartError(
      `libvirt does not answer at ${libvirtSockets.join(' or ')}: systemctl start libvirtd.socket`,
      7,
    );
  }
  if (callBus('NameHasOwner', `string:${busName}`).includes('boolean true')) {
    throw new StartError(`${busName} has an owner on the system bus already`);
  }
}

async function askConsent(yes) {
  const list = [`user ${user}`, ...files.map(([, target]) => target)].map((each) => `  ${each}\n`).join('');
  console.error(`vgpud needs the following on this machine. It is removed when vgpud ends.\n${list}`);
  if (yes) return;
  if (!process.stdin.isTTY) throw new StartError('nobody can be asked here: add --yes', 2);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('Install it? [y/N] ');
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new StartError('nothing was installed');
}

function install() {
  const installation = new Installation();
  installation.addUser(user);
  for (const [source, target] of files) installation.addFile(source, target);
  installation.addFolder(place);
  // The bus must read the policy before vgpud asks for its name; polkit watches its folders itself.
  callBus('ReloadConfig');
}

function clean() {
  for (const reason of removeInstallation()) console.error(reason);
  callBus('ReloadConfig');
}

/**
 * Runs vgpud as its user until it ends. A home folder is often closed to other users, so that it sees Node and the
 * checkout at a place of their own, in a mount namespace that ends with it.
 */
function serve(interruption) {
  const script = `
    set -e
    mount -t tmpfs -o mode=755 vgpud ${place}
    mkdir ${place}/packages ${place}/node_modules
    touch ${place}/node
    mount --bind "$1/packages" ${place}/packages
    mount --bind "$1/node_modules" ${place}/node_modules
    mount --bind "$2" ${place}/node
    cd /
    exec setpriv --reuid=${user} --regid=${user} --clear-groups --no-new-privs --inh-caps=-all --pdeathsig=TERM \
      ${place}/node --disable-proto=delete ${place}/packages/dbus-service/dist/main.js`;
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', checkout, process.execPath];
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: process.env['LANG'] ?? 'C.UTF-8' };
  console.error(
    `starting vgpud; Ctrl+C ends it. In another terminal: node ${checkout}packages/cli/dist/main.js --help`,
  );
  return new Promise((resolve, reject) => {
    // In a session of its own: Ctrl+C reaches this process alone, which then ends vgpud.
    const child = spawn('unshare', args, { stdio: ['ignore', 'inherit', 'inherit'], env, detached: true });
    const end = () => child.kill('SIGTERM');
    if (interruption.aborted) end();
    interruption.addEventListener('abort', end);
    child.once('error', reject);
    child.once('exit', (status) => {
      if (interruption.aborted) resolve();
      else reject(new StartError(`vgpud ended with status ${status}`));
    });
  });
}

/** Asks the bus itself, and gives its printed answer. */
function callBus(member, ...args) {
  const call = ['--system', '--print-reply', '--dest=org.freedesktop.DBus', '/org/freedesktop/DBus'];
  const { status, stdout, stderr, error } = spawnSync(
    'dbus-send',
    [...call, `org.freedesktop.DBus.${member}`, ...args],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new StartError(`the system bus does not answer: ${error?.message ?? stderr.trim()}`, 7);
  return stdout;
}

/** Whether somebody listens on a unix socket. */
function accepts(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  const known = error instanceof StartError || error instanceof InstallationError;
  console.error(known ? `npm start: ${error.message}` : error);
  process.exitCode = error instanceof StartError ? error.status : 1;
}
