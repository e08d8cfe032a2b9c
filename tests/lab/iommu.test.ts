// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab } from './lab.js';
import { clear, gpu } from './machines.js';
import { eventually, pciPath as path, show } from './vgpud.js';

interface DeviceProperties {
  readonly Address: { readonly data: string };
  readonly PhysicalFunction: { readonly data: string };
  readonly IommuGroup: { readonly data: string };
}

describe('behind an IOMMU', () => {
  const lab = new Lab();
  const disk = '0000:02:00.0';
  const vfs = [1, 2].map((number) => `0000:02:00.${number}`);

  beforeAll(async () => {
    await clear(lab);
    await install(lab);
  });
  afterAll(async () => {
    await lab.try(`echo 0 >/sys/bus/pci/devices/${disk}/sriov_numvfs`);
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  async function propertiesOf(address: string): Promise<DeviceProperties> {
    const call = `busctl --timeout=240 --json=short call me.phyllo.Vgpu1 ${path(address)} org.freedesktop.DBus.Properties GetAll s me.phyllo.Vgpu1.PciDevice`;
    return (JSON.parse(await lab.run(call)) as { data: [DeviceProperties] }).data[0];
  }

  it("groups are the kernel's, and the GPU has the page's", async () => {
    const kernel = await lab.run(
      'cd /sys/kernel/iommu_groups && for device in */devices/*; do echo ${device%%/*} ${device##*/}; done | sort',
    );
    expect(kernel).toContain(`0 ${gpu}\n`);
    const text = await lab.run('vgpuctl groups --json');
    const groups = JSON.parse(text) as readonly { group: number; devices: readonly { address: string }[] }[];
    const lines = groups.flatMap(({ group, devices }) => devices.map(({ address }) => `${group} ${address}\n`));
    expect(lines.toSorted().join('')).toBe(kernel);
  });

  it('virtual functions appear with their physical function and a group of their own, and go', async () => {
    await lab.run(`echo ${vfs.length} >/sys/bus/pci/devices/${disk}/sriov_numvfs`);
    const groups = new Set([(await propertiesOf(disk)).IommuGroup.data]);
    for (const vf of vfs) {
      // eslint-disable-next-line no-await-in-loop
      await lab.until(`busctl --timeout=240 tree --list me.phyllo.Vgpu1 | grep -qx ${path(vf)}`);
      // eslint-disable-next-line no-await-in-loop
      const properties = await propertiesOf(vf);
      expect(properties.PhysicalFunction.data).toBe(path(disk));
      groups.add(properties.IommuGroup.data);
    }
    expect(groups.size).toBe(1 + vfs.length);
    await lab.run(`echo 0 >/sys/bus/pci/devices/${disk}/sriov_numvfs`);
    await eventually(async () => {
      const left = await Promise.all(vfs.map((vf) => show(lab, path(vf), 'PciDevice', ['Address'])));
      expect(left).toEqual([undefined, undefined]);
    });
    expect(await show(lab, path(disk), 'PciDevice', ['Address'])).toEqual({ Address: disk });
  });
});
