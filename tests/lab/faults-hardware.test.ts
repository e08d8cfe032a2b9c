// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { secondGpu, seedUuid } from './machines.js';
import {
  inUse,
  killLibvirtd,
  killVgpud,
  plugIn,
  pull,
  useScene,
  stored,
  storedUuid,
  untilGone,
  useVgpu,
  user,
  whole,
} from './scene.js';
import { call, domainPath, show, untilConnected, untilVgpus, vgpuPath } from './vgpud.js';

/** The definitions, while their GPU is away; the transient vGPU is gone with it. */
const missing = {
  [seedUuid]: 'parent-missing persistent auto',
  [storedUuid]: 'parent-missing persistent',
};
/** When the GPU is back: what starts by itself has started. */
const back = { [seedUuid]: whole[seedUuid], [storedUuid]: whole[storedUuid] };

describe('a GPU that is pulled', { timeout: 900_000 }, () => {
  const lab = new Lab();
  const scene = useScene(lab);

  it('takes its active vGPUs with it; definitions stay, say what is missing, and work when it is back', async () => {
    await pull(lab);
    await untilGone(lab);
    await untilVgpus(lab, missing);
    expect(await call(lab, vgpuPath(storedUuid, secondGpu), 'Vgpu.Start')).toBe(
      `InvalidState: vGPU ${storedUuid} needs its parent ${secondGpu}, which is not there`,
    );
    const started = await lab.try(`vgpuctl domain start ${user}`);
    expect([started.status, started.stderr]).toEqual([15, expect.stringContaining(secondGpu)]);
    expect(await lab.run('vgpuctl list --defined')).toContain(`${seedUuid} ${secondGpu}`);
    expect(await stored(lab)).toBe(scene.before);

    await plugIn(lab);
    await untilVgpus(lab, back);
    expect(await call(lab, vgpuPath(storedUuid, secondGpu), 'Vgpu.Start')).toBeUndefined();
    await untilVgpus(lab, { ...back, [storedUuid]: 'active persistent' });
    await lab.run(`vgpuctl domain start ${user}`);
    expect(await stored(lab)).toBe(scene.before);
  });

  it('while libvirtd and vgpud are killed: both find the definitions again, without it and with it', async () => {
    await pull(lab);
    await killLibvirtd(lab);
    await killVgpud(lab);
    await untilGone(lab);
    await killLibvirtd(lab);
    await killVgpud(lab);
    await untilVgpus(lab, missing);
    await plugIn(lab);
    await untilVgpus(lab, back);
    expect(await stored(lab)).toBe(scene.before);
  });

  it('waits for the machine that has its vGPU, also when vgpud is killed meanwhile', async () => {
    await useVgpu(lab);
    await pull(lab);
    // The kernel has taken the one that nobody has open, and waits with the next.
    await lab.until(`! test -e /sys/bus/mdev/devices/${seedUuid}`);
    const waiting = { [seedUuid]: inUse[seedUuid], [storedUuid]: inUse[storedUuid] };
    await untilVgpus(lab, waiting);
    await killVgpud(lab);
    await untilVgpus(lab, waiting);
    expect(await call(lab, vgpuPath(seedUuid, secondGpu), 'Vgpu.Stop')).toMatch(/^DeviceBusy: .*server/);
    expect(await show(lab, await domainPath(lab, user), 'Domain', ['State'])).toEqual({ State: 'running' });

    expect(await call(lab, await domainPath(lab, user), 'Domain.ForceOff')).toBeUndefined();
    await untilGone(lab);
    await untilVgpus(lab, missing);
    await plugIn(lab);
    await untilVgpus(lab, back);
    expect(await call(lab, await domainPath(lab, user), 'Domain.Start')).toBeUndefined();
    expect(await stored(lab)).toBe(scene.before);
  });

  it('waits for that machine only until libvirtd is killed: a new libvirtd ends it, and no definition is lost', async () => {
    await useVgpu(lab);
    await pull(lab);
    await lab.until(`! test -e /sys/bus/mdev/devices/${seedUuid}`);
    await untilVgpus(lab, { [seedUuid]: inUse[seedUuid], [storedUuid]: inUse[storedUuid] });
    await killLibvirtd(lab);
    await untilGone(lab);
    await untilConnected(lab, true);
    await untilVgpus(lab, missing);
    const path = await domainPath(lab, user);
    expect(await show(lab, path, 'Domain', ['State'])).toEqual({ State: 'shut-off' });
    await plugIn(lab);
    await untilVgpus(lab, back);
    expect(await call(lab, path, 'Domain.Start')).toBeUndefined();
    expect(await stored(lab)).toBe(scene.before);
  });
});
