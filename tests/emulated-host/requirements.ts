// SPDX-License-Identifier: LGPL-2.1-or-later
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BusProgram, ServiceName } from './emulated-host.js';

const capSysAdmin = 1n << 21n;
const searchPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** Program and the Debian package that has it. */
const programs = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  env: 'coreutils',
  mdevctl: 'mdevctl',
} as const;

const libvirtPrograms = { libvirtd: 'libvirt-daemon-system', virsh: 'libvirt-clients' };
const qemuPrograms = { 'qemu-system-x86_64': 'qemu-system-x86' };

const servicePrograms = {
  bus: {},
  polkit: {},
  libvirtd: { ...libvirtPrograms, ...qemuPrograms },
  virtqemud: { ...libvirtPrograms, ...qemuPrograms },
  virtnodedevd: libvirtPrograms,
  vgpud: {},
} as const satisfies Record<ServiceName, Record<string, string>>;

const busPrograms = {
  'dbus-daemon': { 'dbus-daemon': 'dbus-daemon' },
  'dbus-broker': { 'dbus-broker-launch': 'dbus-broker' },
} as const satisfies Record<BusProgram, Record<string, string>>;

const polkitDaemons = ['/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd', '/usr/libexec/polkit-1/polkitd'];

/** What this machine lacks for an emulated host with these services, one sentence each; empty when it can run. */
export function missingRequirements(
  services: readonly ServiceName[],
  appDirectory: string,
  { bus, traceVgpud }: { readonly bus: BusProgram; readonly traceVgpud: boolean },
): string[] {
  const missing: string[] = [];
  if (process.platform !== 'linux') return [`${process.platform} is not Linux`];
  if (process.getuid?.() !== 0) missing.push('root: run it as root');
  else if (!hasSysAdmin()) missing.push('CAP_SYS_ADMIN: in a container, run it privileged');
  const fuse = fuseProblem();
  if (fuse !== undefined) missing.push(fuse);
  if (!isExecutable('/usr/bin/python3')) missing.push('/usr/bin/python3: install python3');
  const wanted: Record<string, string> = { ...programs };
  for (const service of services) Object.assign(wanted, servicePrograms[service]);
  if (traceVgpud) wanted['strace'] = 'strace';
  if (services.includes('bus')) Object.assign(wanted, busPrograms[bus]);
  for (const [program, debianPackage] of Object.entries(wanted)) {
    if (!searchPath.some((directory) => isExecutable(join(directory, program)))) {
      missing.push(`${program}: install ${debianPackage}`);
    }
  }
  if (services.includes('polkit') && !polkitDaemons.some(isExecutable)) missing.push('polkitd: install polkitd');
  for (const program of services.includes('vgpud') ? ['dbus-service', 'cli'] : []) {
    const built = join(appDirectory, 'packages', program, 'dist/main.js');
    if (!existsSync(built)) missing.push(`${built}: build the packages first`);
  }
  return missing;
}

function hasSysAdmin(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return effective === undefined || (BigInt(`0x${effective}`) & capSysAdmin) !== 0n;
}

function fuseProblem(): string | undefined {
  try {
    closeSync(openSync('/dev/fuse', constants.O_RDWR));
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return `/dev/fuse (${code}): load the module fuse, and in a container pass the device in`;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
