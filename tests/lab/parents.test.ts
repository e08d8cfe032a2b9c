// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab, linesOf } from './lab.js';
import { clear, gpu, otherUuid, secondGpu, seedUuid } from './machines.js';
import { call, eventually, gpuPath, show } from './vgpud.js';

describe('parents, how many they make and of which kind', () => {
  const lab = new Lab();

  beforeAll(async () => {
    await clear(lab);
    await install(lab);
  });
  afterAll(async () => {
    await clear(lab);
    await lab.try('modprobe --remove mtty');
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });

  it('one that is no PCI device comes and goes with its driver, and makes vGPUs', async () => {
    await lab.run('modprobe mtty');
    await lab.until('vgpuctl types -p mtty | grep mtty-2');
    expect(await lab.run('vgpuctl types -p mtty')).toBe(await lab.run('mdevctl types -p mtty'));
    await lab.run(`vgpuctl start --uuid ${seedUuid} -p mtty --type mtty-2`);
    expect(linesOf(await lab.run('vgpuctl list'))).toEqual([`${seedUuid} mtty mtty-2 manual`]);
    await lab.run(`vgpuctl stop --uuid ${seedUuid}`);
    await lab.run('modprobe --remove mtty');
    await eventually(async () => expect(await show(lab, gpuPath('mtty'), 'Gpu', ['IconName'])).toBeUndefined());
    expect(await show(lab, gpuPath(gpu), 'Gpu', ['IconName'])).toBeDefined();
  });

  it('a time-sliced GPU makes one type at a time, and the refusal comes before the kernel', async () => {
    await lab.run(`vgpuctl start --uuid ${seedUuid} -p 0000:3b:00.0 --type nvidia-63`);
    expect(await lab.run('vgpuctl types -p 0000:3b:00.0')).toBe(await lab.run('mdevctl types -p 0000:3b:00.0'));
    const refused = await lab.try(`vgpuctl start --uuid ${otherUuid} -p 0000:3b:00.0 --type nvidia-64`);
    expect(refused.status).toBe(12);
    expect(refused.stderr).toContain(`0000:3b:00.0 has no available instances of nvidia-64; active are ${seedUuid}`);
    await lab.run(`vgpuctl start --uuid ${otherUuid} -p 0000:86:00.0 --type nvidia-64`);
    expect(linesOf(await lab.run('vgpuctl list'))).toHaveLength(2);
  });

  it('one that is full refuses, before the kernel is asked', async () => {
    const typeId = 'i915-GVTg_V5_4';
    for (let count = 0; count < 5; count += 1) {
      // eslint-disable-next-line no-await-in-loop
      expect(await call(lab, gpuPath(secondGpu), 'Gpu.CreateVgpu', typeId)).toBeUndefined();
    }
    expect(await call(lab, gpuPath(secondGpu), 'Gpu.CreateVgpu', typeId)).toMatch(
      /^NoAvailableInstances: 0000:01:00.0 /,
    );
    const type = `/sys/bus/pci/devices/${secondGpu}/mdev_supported_types/${typeId}`;
    const sixth = '66666666-7777-4888-8999-aaaaaaaaaaaa';
    const kernel = await lab.try(`echo ${sixth} >${type}/create`);
    expect(kernel.stderr).toContain('No space left on device');
    expect(await lab.run(`ls -d /sys/bus/pci/devices/${secondGpu}/*-*-*-*-* | wc -l`)).toBe('5\n');
  });
});
