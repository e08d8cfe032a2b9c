// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { otherUuid, secondGpu, seedUuid } from './machines.js';
import { inUse, killLibvirtd, useScene, stored, storedUuid, typeId, useVgpu, user, whole } from './scene.js';
import { call, domainPath, gpuPath, untilVgpus, vgpuPath } from './vgpud.js';

describe('without mdevctl', { timeout: 900_000 }, () => {
  const lab = new Lab();
  const putBack = () => lab.try('mv --no-clobber /usr/bin/mdevctl.away /usr/bin/mdevctl');
  const scene = useScene(lab, putBack);

  const takeAway = () => lab.run('mv /usr/bin/mdevctl /usr/bin/mdevctl.away');

  it('every change of a vGPU is refused, names it, and changes nothing; with it the same change works', async () => {
    await takeAway();
    const refused = expect.stringMatching(/^NotSupported: .*libvirt does not find mdevctl on the host/) as string;
    const change = (uuid: string, method: string, ...args: string[]) =>
      call(lab, vgpuPath(uuid, secondGpu), `Vgpu.${method}`, ...args);
    expect(await change(storedUuid, 'Start')).toEqual(refused);
    expect(await change(otherUuid, 'Stop')).toEqual(refused);
    expect(await change(otherUuid, 'Define')).toEqual(refused);
    expect(await change(storedUuid, 'Undefine')).toEqual(refused);
    // Here libvirt gives no reason: its text ends with "Unknown Error".
    expect(await change(seedUuid, 'SetAutostart', 'false')).toMatch(/^Internal: autostart of vGPU /);
    expect(await call(lab, gpuPath(secondGpu), 'Gpu.CreateVgpu', typeId)).toEqual(refused);
    const { status, stderr } = await lab.try(`vgpuctl start --uuid ${storedUuid}`);
    expect([status, stderr]).toEqual([3, expect.stringContaining('mdevctl')]);
    await untilVgpus(lab, whole);
    expect(await stored(lab)).toBe(scene.before);

    await putBack();
    expect(await change(storedUuid, 'Start')).toBeUndefined();
    await untilVgpus(lab, { ...whole, [storedUuid]: 'active persistent' });
    expect(await stored(lab)).toBe(scene.before);
  });

  it('a machine starts with its active vGPU and is ended: nothing of it needs mdevctl', async () => {
    await takeAway();
    await useVgpu(lab);
    expect(await call(lab, await domainPath(lab, user), 'Domain.ForceOff')).toBeUndefined();
    await untilVgpus(lab, whole);
    expect(await stored(lab)).toBe(scene.before);
  });

  it('a new libvirtd knows no definitions, and all of them when it has mdevctl again', async () => {
    await useVgpu(lab);
    await takeAway();
    await killLibvirtd(lab);
    await untilVgpus(lab, { [seedUuid]: `active ${user}`, [otherUuid]: 'active' });
    await putBack();
    await killLibvirtd(lab);
    await untilVgpus(lab, inUse);
    expect(await stored(lab)).toBe(scene.before);
  });
});
