// SPDX-License-Identifier: LGPL-2.1-or-later
import { linesOf, type Lab } from './lab.js';

export const gpu = '0000:00:02.0';
export const secondGpu = '0000:01:00.0';
export const seedUuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
export const otherUuid = '11f92c9d-b0b0-4016-b306-a8071277f8b9';

/** No vGPUs, no domains, nothing stored; vgpud notices by itself. */
export async function clear(lab: Lab): Promise<void> {
  await lab.run(`
    for name in $(virsh --quiet list --name); do virsh --quiet destroy $name >/dev/null; done
    for name in $(virsh --quiet list --all --name); do virsh --quiet undefine $name >/dev/null; done
    for device in /sys/bus/mdev/devices/*; do [ ! -e $device ] || echo 1 >$device/remove; done
    find /etc/mdevctl.d -mindepth 1 -maxdepth 1 ! -name scripts.d -exec rm -r {} +`);
}

/** A small machine without a disk: its firmware looks for one for ever. */
export async function defineDomain(lab: Lab, name: string, devices = ''): Promise<void> {
  await lab.run(
    'cat >/run/domain.xml && virsh --quiet define /run/domain.xml',
    `<domain type='qemu'>
      <name>${name}</name>
      <memory unit='MiB'>64</memory>
      <vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices>
        <serial type='pty'><target port='0'/></serial>
        <graphics type='vnc' port='-1' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>
        <memballoon model='none'/>
        ${devices}
      </devices>
    </domain>`,
  );
}

/** The file descriptors of a domain's QEMU that lead to VFIO, as paths. */
export async function vfioFilesOf(lab: Lab, name: string): Promise<readonly string[]> {
  const text = await lab.run(
    `find /proc/$(cat /run/libvirt/qemu/${name}.pid)/fd -lname '/dev/vfio/*' -printf '%l\\n' | sort -u`,
  );
  return linesOf(text);
}
