// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints the QEMU command line that libvirt makes of a domain's stored definition, an option a line.
import { openLibvirtHost } from '@vgpu/libvirt-adapter';
import { SysfsHostFacts } from '@vgpu/sysfs-adapter';

const [name] = process.argv.slice(2);
const host = await openLibvirtHost({ uri: 'qemu:///system', facts: new SysfsHostFacts() });
try {
  const domain = (await host.domains.list()).find((candidate) => candidate.name === name);
  if (domain === undefined) throw new Error(`no domain ${name}`);
  const command = await host.domains.nativeCommand(domain.uuid);
  console.log(command.join(' ').replaceAll(' -', ' \\\n  -'));
} finally {
  await host.close();
}
