// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HostPorts } from '@vgpu/core';
import type { HostFile } from '@vgpu/core/testing';
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';
import { eventually, type ContractHost } from '../../contract/contract-host.js';
import { readHostFile } from '../../contract/host-files.js';
import { libvirtdUnits } from '../libvirt-units.js';

const run = promisify(execFile);
const definitions = '/etc/mdevctl.d';
const activeMdevs = '/sys/bus/mdev/devices';
const pci = '/sys/bus/pci';
/** The GPUs of tests/lab/machine. */
const gpus = ['0000:00:02.0', '0000:01:00.0', '0000:3b:00.0', '0000:86:00.0'];
/** Without it virsh asks libvirtd, whichever daemons there are. */
const qemuUri = 'qemu:///system';
/** systemd's units of libvirt. Those of one kind end the other's. */
const libvirtUnits = {
  libvirtd: libvirtdUnits,
  split: ['virtqemud.service', 'virtnodedevd.service'],
};
export type LibvirtDaemons = keyof typeof libvirtUnits;

/** They may also have ended for want of clients. */
export async function startLibvirt(daemons: LibvirtDaemons): Promise<void> {
  await run('systemctl', ['start', ...libvirtUnits[daemons]]);
}

/**
 * This machine, with the parents, mediated devices and domains of a host file and no others. Its PCI devices are what
 * they are; a GPU that the file does not have is without its driver. Everything goes through the kernel's own files and
 * libvirt.
 */
export async function becomeHost(hostName: string, daemons: LibvirtDaemons): Promise<ContractHost> {
  await startLibvirt(daemons);
  const host = readHostFile(hostName);
  removeMdevs();
  giveDriversTo(new Set(host.parents.map(({ name }) => name)));
  for (const mdev of host.mdevs) storeMdev(mdev);
  await replaceDomains(host);
  const ports = await openLibvirtHost({ uri: qemuUri, facts: new SysfsHostFacts({ root: '/' }) });
  await libvirtKnows(ports, host);
  return {
    ports,
    unplug: async (parent) => writeFileSync(`${pci}/devices/${parent}/remove`, '1'),
    plug: async () => writeFileSync(`${pci}/rescan`, '1'),
    others: {
      startTransient: async ({ uuid, parent, typeId }) => {
        await run('mdevctl', ['start', '-u', uuid, '-p', parent, '--type', typeId]);
      },
      stop: async ({ uuid }) => {
        await run('mdevctl', ['stop', '-u', uuid]);
      },
      retitle: async (domain, title) => {
        await run('virsh', ['--connect', qemuUri, 'desc', domain, '--config', '--title', title]);
      },
    },
    interrupt: async (meanwhile) => {
      await run('systemctl', ['stop', ...libvirtUnits[daemons]]);
      await untilConnected(ports, false);
      await meanwhile();
      await startLibvirt(daemons);
      await untilConnected(ports, true);
    },
    dispose: async () => {
      // A test may have ended with a parent taken out.
      writeFileSync(`${pci}/rescan`, '1');
      giveDriversTo(new Set(gpus));
      await ports.close();
    },
  };
}

async function untilConnected(ports: HostPorts, connected: boolean): Promise<void> {
  await eventually(async () => {
    if (ports.events.status().connected !== connected)
      throw new Error(`libvirt is not ${connected ? 'there' : 'gone'}`);
  });
}

/** The driver makes a GPU a parent. A device that has been found stays without one when the bus is looked at again. */
function giveDriversTo(parents: ReadonlySet<string>): void {
  for (const address of gpus) {
    if (parents.has(address)) writeFileSync(`${pci}/drivers_probe`, address);
    else if (existsSync(`${pci}/devices/${address}/driver`))
      writeFileSync(`${pci}/devices/${address}/driver/unbind`, address);
  }
}

/** As mdevctl leaves it: the folders stay, libvirt watches them. */
function removeMdevs(): void {
  for (const uuid of readdirSync(activeMdevs)) writeFileSync(`${activeMdevs}/${uuid}/remove`, '1');
  for (const parent of readdirSync(definitions)) {
    if (parent === 'scripts.d') continue;
    for (const uuid of readdirSync(join(definitions, parent))) rmSync(join(definitions, parent, uuid));
  }
}

/** In mdevctl's own form; some definitions could not be made through mdevctl. */
function storeMdev({ uuid, parent, type, autostart, attributes }: HostFile['mdevs'][number]): void {
  const folder = join(definitions, parent);
  mkdirSync(folder, { recursive: true });
  const attrs = (attributes ?? []).map(([name, value]) => ({ [name]: value }));
  const document = { mdev_type: type, start: autostart ? 'auto' : 'manual', attrs };
  writeFileSync(join(folder, uuid), JSON.stringify(document, undefined, 2));
}

/** One virsh lists, one does the rest: a process is slow under emulation. */
async function replaceDomains({ domains }: HostFile): Promise<void> {
  const { stdout } = await virsh('list --all --uuid; list --uuid');
  const present = stdout.split(/\s+/).filter((uuid) => uuid !== '');
  const running = present.filter((uuid, index) => present.indexOf(uuid) !== index);
  const files = domains.map(({ xml }, index) => {
    const file = `/run/contract-domain-${index}.xml`;
    writeFileSync(file, xml.join('\n'));
    return file;
  });
  const commands = [
    ...running.map((uuid) => `destroy ${uuid}`),
    ...[...new Set(present)].map((uuid) => `undefine ${uuid}`),
    ...files.map((file) => `define ${file}`),
  ];
  if (commands.length > 0) await virsh(commands.join('; '));
}

function virsh(commands: string): Promise<{ stdout: string }> {
  return run('virsh', ['--quiet', '--connect', qemuUri, commands]);
}

/** libvirt looks at mdevctl's files again when they change, a moment later. */
async function libvirtKnows(ports: HostPorts, host: HostFile): Promise<void> {
  const parents = new Set(host.parents.map(({ name }) => name));
  await eventually(async () => {
    const listing = await ports.nodeDevices.list();
    const stored = listing.mdevs.filter(({ parent }) => parents.has(parent));
    if (listing.mdevs.length !== host.mdevs.length || stored.length !== host.mdevs.length) {
      throw new Error(`libvirt shows ${listing.mdevs.length} mediated devices, not ${host.mdevs.length}`);
    }
    const shown = listing.parents.map(({ name }) => name);
    if (shown.length !== parents.size || !shown.every((name) => parents.has(name)))
      throw new Error(`libvirt shows the parents ${shown.join(', ')}, not ${[...parents].join(', ')}`);
  });
}
