// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatedHost, type EmulatedHost } from './index.js';
import { eventually, run } from './testing.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const secondUuid = '0b1a6a52-6d0c-4b5e-8f4c-3f6a3f7b1e02';
const thirdUuid = '2d9a8a8e-4f0f-4c55-9d43-6f0a7d4b7a11';
const parent = '0000:00:02.0';
const nodeDevice = `mdev_${uuid.replaceAll('-', '_')}_0000_00_02_0`;
const thirdNodeDevice = `mdev_${thirdUuid.replaceAll('-', '_')}_0000_00_02_0`;
const secondNodeDevice = `mdev_${secondUuid.replaceAll('-', '_')}_0000_00_02_0`;

/** The loop of the page; a group of an mdev has no PCI address that lspci could look up. */
const groupLoop = `shopt -s nullglob
for g in $(find /sys/kernel/iommu_groups/* -maxdepth 0 -type d | sort -V); do
    echo "IOMMU Group \${g##*/}:"
    for d in $g/devices/*; do
        echo -e "\\t$(lspci -nns \${d##*/})"
    done;
done;`;

let host: EmulatedHost;

beforeAll(async () => {
  host = await startEmulatedHost('seed-page');
});

afterAll(() => host?.stop());

function golden(name: string): string {
  return readFileSync(join(import.meta.dirname, 'goldens', name), 'utf8');
}

/** mdevctl 1.2 ends its lists with a blank line, 1.4 does not. */
function withoutBlankEnd(text: string): string {
  return text.replace(/\n+$/, '\n');
}

async function nodeDeviceInfo(on: EmulatedHost, name: string): Promise<Record<string, string>> {
  const lines = (await run(on, 'virsh', ['nodedev-info', name])).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/:\s+/) as [string, string]));
}

describe('the seed page in the emulated host', { timeout: 120_000 }, () => {
  it('lists the types as the page does', async () => {
    expect(withoutBlankEnd(await run(host, 'mdevctl', ['types']))).toBe(golden('mdevctl-types.golden'));
  });

  it('lists the IOMMU groups as the page does', async () => {
    expect(await run(host, 'bash', ['-c', groupLoop])).toBe(golden('iommu-groups.golden'));
  });

  it('shows the kernel facts of the host file', async () => {
    expect(await run(host, 'cat', ['/proc/cmdline'])).toBe(`${host.file.kernel.commandLine}\n`);
    expect(await run(host, 'grep', ['-m1', 'model name', '/proc/cpuinfo'])).toContain(host.file.kernel.cpuModel);
    expect(await run(host, 'cat', ['/proc/sys/kernel/osrelease'])).toBe(`${host.file.kernel.release}\n`);
    expect(await run(host, 'cat', [`/boot/config-${host.file.kernel.release}`])).toContain('CONFIG_INTEL_IOMMU=y\n');
    expect(await run(host, 'cat', ['/sys/module/i915/parameters/enable_gvt'])).toBe('Y\n');
  });

  it("finds the root disk's PCI device behind the device number of /", async () => {
    const script = 'readlink -f "/sys/dev/block/$(mountpoint -d /)"';
    expect(await run(host, 'sh', ['-c', script])).toContain('/0000:3d:00.0/nvme/nvme0/nvme0n1/');
  });

  it('carries out the procedure of the page with mdevctl, and ends as the page shows', async () => {
    // Its own machine: groups are numbered in the order in which they come.
    await using fresh = await startEmulatedHost('seed-page');
    await run(fresh, 'mdevctl', ['start', '--uuid', uuid, '-p', parent, '--type', 'i915-GVTg_V5_4']);
    await run(fresh, 'mdevctl', ['define', '--uuid', uuid]);
    await run(fresh, 'mdevctl', ['modify', '--uuid', uuid, '--auto']);
    const listed = await run(fresh, 'mdevctl', ['list', '--defined']);
    expect(withoutBlankEnd(listed)).toBe(`${uuid} ${parent} i915-GVTg_V5_4 auto (active)\n`);
    await eventually('libvirt knows the device', async () => {
      expect(await nodeDeviceInfo(fresh, nodeDevice)).toMatchObject({
        Active: 'yes',
        Persistent: 'yes',
        Autostart: 'yes',
      });
    });

    // An IOMMU group and a VFIO device of its own, after those of the machine.
    expect((await fresh.kernelState()).mdevs).toEqual([{ uuid, parent, type: 'i915-GVTg_V5_4', iommuGroup: 17 }]);
    expect(await run(fresh, 'ls', ['/sys/kernel/iommu_groups/17/devices'])).toBe(`${uuid}\n`);
    expect(await run(fresh, 'ls', ['/dev/vfio'])).toBe('17\nvfio\n');
    expect(await run(fresh, 'virsh', ['nodedev-dumpxml', nodeDevice])).toContain("<iommuGroup number='17'/>");

    // The loop of the page complains about the group of the mdev.
    const { stdout, stderr } = await fresh.exec('bash', ['-c', groupLoop]);
    expect(stdout).toBe(`${golden('iommu-groups.golden')}IOMMU Group 17:\n\t\n`);
    expect(stderr).toMatch(/^lspci: -s: Invalid /);
  });

  it('carries out the whole life cycle with virsh', async () => {
    const definition = `<device><parent>pci_0000_00_02_0</parent>
      <capability type='mdev'><type id='i915-GVTg_V5_8'/><uuid>${secondUuid}</uuid></capability></device>`;
    await run(host, 'virsh', ['nodedev-define', '/dev/stdin'], { input: definition });
    await eventually('it is defined', async () => {
      expect(await nodeDeviceInfo(host, secondNodeDevice)).toMatchObject({ Active: 'no', Persistent: 'yes' });
    });
    await run(host, 'virsh', ['nodedev-start', secondNodeDevice]);
    await run(host, 'virsh', ['nodedev-autostart', secondNodeDevice]);
    await eventually('it is active with autostart', async () => {
      expect(await nodeDeviceInfo(host, secondNodeDevice)).toMatchObject({ Active: 'yes', Autostart: 'yes' });
    });
    expect(await run(host, 'virsh', ['nodedev-list', '--cap', 'mdev'])).toContain(secondNodeDevice);
    await run(host, 'virsh', ['nodedev-destroy', secondNodeDevice]);
    await eventually('it is inactive', async () => {
      expect(await nodeDeviceInfo(host, secondNodeDevice)).toMatchObject({ Active: 'no', Persistent: 'yes' });
    });
    await run(host, 'virsh', ['nodedev-undefine', secondNodeDevice]);
    await eventually('it is gone', async () => {
      expect(await run(host, 'virsh', ['nodedev-list', '--all', '--cap', 'mdev'])).not.toContain(secondNodeDevice);
    });
  });

  it('creates a transient device through libvirt', async () => {
    const definition = `<device><parent>pci_0000_00_02_0</parent>
      <capability type='mdev'><type id='i915-GVTg_V5_8'/><uuid>${thirdUuid}</uuid></capability></device>`;
    await run(host, 'virsh', ['nodedev-create', '/dev/stdin'], { input: definition });
    expect(await nodeDeviceInfo(host, thirdNodeDevice)).toMatchObject({ Active: 'yes', Persistent: 'no' });
    await run(host, 'virsh', ['nodedev-destroy', thirdNodeDevice]);
  });

  it('lets udevadm settle wait for libvirt to take the event, so that it need not sleep for five seconds', async () => {
    await using fresh = await startEmulatedHost('seed-page');
    await run(fresh, 'udevadm', ['settle']);
    await fresh.killService('libvirtd', 'SIGSTOP');
    await run(fresh, 'mdevctl', ['start', '--uuid', uuid, '-p', parent, '--type', 'i915-GVTg_V5_4']);
    const settle = fresh.exec('sh', ['-c', 'udevadm settle && virsh -r nodedev-list --cap mdev']);
    // 124: still waiting when the time was up.
    expect((await fresh.exec('timeout', ['1', 'udevadm', 'settle'])).status).toBe(124);
    await fresh.killService('libvirtd', 'SIGCONT');
    expect(await settle).toMatchObject({ status: 0, stdout: expect.stringContaining(nodeDevice) });
  });

  it('starts and stops the domains of the host file', async () => {
    for (const name of ['phyllome', 'server']) {
      await run(host, 'virsh', ['start', name]);
      expect(await run(host, 'virsh', ['domstate', name])).toBe('running\n\n');
      await run(host, 'virsh', ['destroy', name]);
    }
  });

  it('lets the user vgpud and root reach libvirt from outside and inside', async () => {
    expect(await run(host, 'virsh', ['-r', 'list', '--all', '--name'], { user: 'vgpud' })).toContain('phyllome\n');
    const { status, stderr } = await host.exec('virsh', ['list'], { user: 'nobody' });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('authentication') });
  });
});
