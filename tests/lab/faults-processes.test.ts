// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { libvirtdUnits } from './libvirt-units.js';
import { otherUuid, secondGpu, seedUuid } from './machines.js';
import { inUse, killLibvirtd, killVgpud, useScene, stored, storedUuid, useVgpu, user, whole } from './scene.js';
import { call, domainPath, untilConnected, untilVgpus, vgpuPath } from './vgpud.js';

describe('a process that is killed', { timeout: 900_000 }, () => {
  const lab = new Lab();
  const scene = useScene(lab);

  it('libvirtd, while vGPUs are stored, active and in use: all are shown as before, and can be changed', async () => {
    await useVgpu(lab);
    await killLibvirtd(lab);
    await untilConnected(lab, true);
    await untilVgpus(lab, inUse);
    expect(await call(lab, vgpuPath(seedUuid, secondGpu), 'Vgpu.Stop')).toMatch(/^DeviceBusy: .*server/);
    expect(await call(lab, await domainPath(lab, user), 'Domain.ForceOff')).toBeUndefined();
    expect(await call(lab, vgpuPath(otherUuid, secondGpu), 'Vgpu.Stop')).toBeUndefined();
    await untilVgpus(lab, { [seedUuid]: whole[seedUuid], [storedUuid]: whole[storedUuid] });
    expect(await stored(lab)).toBe(scene.before);
  });

  it('libvirtd for good: vgpud says so, shows what it knew, changes nothing, and goes on when it is back', async () => {
    await lab.run('mv /usr/sbin/libvirtd /usr/sbin/libvirtd.away');
    try {
      await killLibvirtd(lab);
      await untilConnected(lab, false);
      await untilVgpus(lab, whole);
      expect(await call(lab, vgpuPath(otherUuid, secondGpu), 'Vgpu.Stop')).toMatch(/^Unavailable: libvirt /);
      const listed = await lab.try('vgpuctl list --defined');
      expect(listed.stdout).toContain(seedUuid);
      expect(listed.stderr).toContain('libvirt');
      expect((await lab.try('vgpuctl status')).status).toBe(7);
      expect((await lab.run('ls /sys/bus/mdev/devices')).split('\n')).toContain(otherUuid);
    } finally {
      await lab.run('mv /usr/sbin/libvirtd.away /usr/sbin/libvirtd');
      const units = libvirtdUnits.join(' ');
      await lab.run(`systemctl reset-failed ${units}; systemctl start ${units}`);
    }
    await untilConnected(lab, true);
    await untilVgpus(lab, whole);
    expect(await call(lab, vgpuPath(otherUuid, secondGpu), 'Vgpu.Stop')).toBeUndefined();
    expect(await lab.run('ls /sys/bus/mdev/devices')).toBe(`${seedUuid}\n`);
    expect(await stored(lab)).toBe(scene.before);
  });

  it('vgpud, while vGPUs are stored, active and in use: it comes back by itself and knows what there is', async () => {
    await killVgpud(lab);
    await untilVgpus(lab, whole);
    await useVgpu(lab);
    await killVgpud(lab);
    await untilVgpus(lab, inUse);
    expect(await call(lab, vgpuPath(seedUuid, secondGpu), 'Vgpu.Stop')).toMatch(/^DeviceBusy: .*server/);
    expect(await stored(lab)).toBe(scene.before);
  });
});
