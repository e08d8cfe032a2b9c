// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './installed.js';
import { Lab } from './lab.js';
import { clear, otherUuid, seedUuid } from './machines.js';

describe('parents of other families', () => {
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
    expect(await lab.run('vgpuctl list')).toBe(`${seedUuid} mtty mtty-2 manual\n`);
    await lab.run(`vgpuctl stop --uuid ${seedUuid}`);
    await lab.run('modprobe --remove mtty');
    await lab.until('test -z "$(vgpuctl types -p mtty)"');
  });

  it('a time-sliced GPU makes one type at a time, and the refusal comes before the kernel', async () => {
    await lab.run(`vgpuctl start --uuid ${seedUuid} -p 0000:3b:00.0 --type nvidia-63`);
    expect(await lab.run('vgpuctl types -p 0000:3b:00.0')).toBe(await lab.run('mdevctl types -p 0000:3b:00.0'));
    const { status } = await lab.try(`vgpuctl start --uuid ${otherUuid} -p 0000:3b:00.0 --type nvidia-64`);
    expect(status).toBe(12);
    await lab.run(`vgpuctl start --uuid ${otherUuid} -p 0000:86:00.0 --type nvidia-64`);
    expect((await lab.run('vgpuctl list')).split('\n')).toHaveLength(3);
  });
});
