// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

/** What kind of machine this is, without its name. One line each. */
export function describeMachine(): string[] {
  const [processor] = cpus();
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system';
  const python = execFileSync('/usr/bin/python3', ['--version'], { encoding: 'utf8' }).trim();
  return [
    `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory, ${system}`,
    `libvirt ${installed('libvirt-daemon')}, libvirt-dbus ${installed('libvirt-dbus')}, python3-libvirt ${installed('python3-libvirt')}`,
    `Node.js ${process.version}, ${python}`,
  ];
}

/** Other work on the machine shows here: 1 means one processor's worth in the last minute. */
export function loadOfLastMinute(): number {
  return loadavg()[0] ?? 0;
}

/** Whether the run had precedence over other work. Its processes inherit it. */
export function describeScheduling(): string {
  // proc(5): the policy is the 41st field, and the second may hold blanks.
  const policy = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[38];
  return policy === '1' || policy === '2' ? 'real-time scheduling' : 'usual scheduling';
}

function installed(debianPackage: string): string {
  return execFileSync('dpkg-query', ['-W', '-f=${Version}', debianPackage], { encoding: 'utf8' });
}
