// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab, type Result } from './lab.js';
import { clear, defineDomain, vfioFilesOf } from './machines.js';
import { call, domainPath, eventually, managerPath, pciPath, show } from './vgpud.js';

const card = '0000:03:00.0';
const user = 'server';

describe('a network card', { timeout: 600_000 }, () => {
  const lab = new Lab();
  let group = '';

  beforeAll(async () => {
    await clear(lab);
    await install(lab);
    group = (await lab.run(`basename $(readlink /sys/bus/pci/devices/${card}/iommu_group)`)).trim();
  });
  afterAll(async () => {
    await clear(lab);
    await pci('reAttach');
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  /** Calls a method of the card through the bindings. */
  const pci = (method: 'detachFlags' | 'reAttach' | 'reset'): Promise<Result> =>
    lab.try(`node /checkout/tests/lab/pci-device.mjs ${method} pci_${card.replaceAll(/[:.]/g, '_')}`);
  const succeed = async (method: Parameters<typeof pci>[0]) =>
    expect(await pci(method)).toEqual({ status: 0, stdout: '', stderr: '' });
  const driver = async () => (await lab.run(`basename $(readlink /sys/bus/pci/devices/${card}/driver)`)).trim();
  const shown = () => show(lab, pciPath(card), 'PciDevice', ['Driver', 'IommuGroup', 'Domains']);
  const withDriver = (name: string, domains: readonly string[] = []) => ({
    Driver: name,
    IommuGroup: `/me/phyllo/Vgpu1/iommu_group/${group}`,
    Domains: domains,
  });

  it('is taken from its driver, stays in its group, and is given back', async () => {
    await succeed('detachFlags');
    expect(await driver()).toBe('vfio-pci');
    expect(await call(lab, managerPath, 'Manager.Refresh')).toBeUndefined();
    expect(await shown()).toEqual(withDriver('vfio-pci'));
    expect(await lab.run(`ls /dev/vfio/${group}`)).toBe(`/dev/vfio/${group}\n`);
    await succeed('reAttach');
    expect(await driver()).toBe('e1000e');
    await lab.until(`ls /sys/bus/pci/devices/${card}/net | grep -x 'eth[0-9]'`);
    expect(await call(lab, managerPath, 'Manager.Refresh')).toBeUndefined();
    expect(await shown()).toEqual(withDriver('e1000e'));
  });

  it('is reset: the power of its function goes off and on', async () => {
    const powerCommand = /^pci_cfg_write e1000e .*@0xcc <- (0x[0-9a-f]+)$/gm;
    await lab.hardware('trace-event-set-state', { name: 'pci_cfg_write', enable: true });
    const before = (await lab.said()).length;
    try {
      await succeed('reset');
    } finally {
      await lab.hardware('trace-event-set-state', { name: 'pci_cfg_write', enable: false });
    }
    const states = [...(await lab.said()).slice(before).matchAll(powerCommand)].map(([, value]) => Number(value) & 3);
    expect(states).toContain(3);
    expect(states.at(-1)).toBe(0);
    expect(await driver()).toBe('e1000e');
  });

  it('is given to a machine by libvirt, held by it, and comes back to its driver', async () => {
    await defineDomain(
      lab,
      user,
      `<hostdev mode='subsystem' type='pci' managed='yes'>
         <source><address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source>
       </hostdev>`,
    );
    const domain = await domainPath(lab, user);
    await eventually(async () => expect(await show(lab, domain, 'Domain', ['State'])).toEqual({ State: 'shut-off' }));
    expect(await call(lab, domain, 'Domain.Start')).toBeUndefined();
    expect(await driver()).toBe('vfio-pci');
    expect(await vfioFilesOf(lab, user)).toEqual([`/dev/vfio/${group}`, '/dev/vfio/vfio']);
    await eventually(async () => expect(await shown()).toEqual(withDriver('vfio-pci', [domain])));
    for (const method of ['detachFlags', 'reset', 'reAttach'] as const) {
      // eslint-disable-next-line no-await-in-loop
      const { status, stderr } = await pci(method);
      expect(status).toBe(1);
      expect(stderr).toMatch(/in use by driver QEMU, domain server|Not resetting active device/);
    }
    expect(await driver()).toBe('vfio-pci');

    expect(await call(lab, domain, 'Domain.ForceOff')).toBeUndefined();
    await lab.until(`readlink /sys/bus/pci/devices/${card}/driver | grep -q /e1000e`);
    await eventually(async () => expect(await shown()).toEqual(withDriver('e1000e', [domain])));
    await lab.until(`ls /sys/bus/pci/devices/${card}/net | grep -x 'eth[0-9]'`);
  });
});
