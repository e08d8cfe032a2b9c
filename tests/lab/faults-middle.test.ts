// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addHook, holdMdevctl, holdQemu, openGate, removeHook, untilHeld } from './gate.js';
import { Lab } from './lab.js';
import { otherUuid, secondGpu, seedUuid } from './machines.js';
import { inUse, killLibvirtd, killVgpud, stored, storedUuid, typeId, user, useScene, useVgpu, whole } from './scene.js';
import { call, callWith, domainPath, gpuPath, show, untilConnected, untilVgpus, vgpuPath } from './vgpud.js';

const newUuid = '5d1f3c5e-9f0b-4c0a-8d5e-0a3c1f6a7b21';
const newPath = vgpuPath(newUuid, secondGpu);

describe('in the middle of a change', { timeout: 900_000 }, () => {
  const lab = new Lab();
  beforeAll(() => addHook(lab));
  const scene = useScene(lab, () => openGate(lab));
  afterAll(() => removeHook(lab));

  const create = () => callWith(lab, gpuPath(secondGpu), 'Gpu.CreateVgpu', [typeId, `'{"uuid":<"${newUuid}">}'`]);

  /** What the caller of a vgpud that is killed is told by the bus. */
  const noReply = expect.stringContaining('org.freedesktop.DBus.Error.NoReply') as string;

  /** The vGPU that was being made is whole, is not made again, and can be taken away. */
  async function takeAway(): Promise<void> {
    await untilVgpus(lab, { ...whole, [newUuid]: 'active persistent' });
    expect(await create()).toMatch(/^AlreadyExists: .*5d1f3c5e/);
    expect(await call(lab, newPath, 'Vgpu.Stop')).toBeUndefined();
    expect(await call(lab, newPath, 'Vgpu.Undefine')).toBeUndefined();
    await untilVgpus(lab, whole);
    expect(await stored(lab)).toBe(scene.before);
  }

  it('that makes a vGPU: without vgpud libvirt finishes the step, and the vGPU is shown as it is', async () => {
    await holdMdevctl(lab, 'start');
    const created = create();
    await untilHeld(lab);
    await killVgpud(lab);
    expect(await created).toEqual(noReply);
    await openGate(lab);
    await takeAway();
  });

  it('that makes a vGPU: without libvirtd the caller is told what is not known and what was done', async () => {
    await holdMdevctl(lab, 'start');
    const created = create();
    await untilHeld(lab);
    await killLibvirtd(lab);
    expect(await created).toMatch(
      /^TimedOut: vGPU 5d1f3c5e\S+ could not be started: .*the outcome is unknown; not undone: start .*, define /,
    );
    await untilConnected(lab, true);
    await untilVgpus(lab, { ...whole, [newUuid]: 'inactive persistent' });
    await openGate(lab);
    await takeAway();
  });

  it('that stops a vGPU: without vgpud it is stopped all the same', async () => {
    await holdMdevctl(lab, 'stop');
    const stopped = call(lab, vgpuPath(otherUuid, secondGpu), 'Vgpu.Stop');
    await untilHeld(lab);
    await killVgpud(lab);
    expect(await stopped).toEqual(noReply);
    await openGate(lab);
    await untilVgpus(lab, { [seedUuid]: whole[seedUuid], [storedUuid]: whole[storedUuid] });
    expect(await stored(lab)).toBe(scene.before);
  });

  it('that starts a machine: without vgpud it starts all the same', async () => {
    await holdQemu(lab);
    const path = await domainPath(lab, user);
    const started = call(lab, path, 'Domain.Start');
    await untilHeld(lab);
    await killVgpud(lab);
    expect(await started).toEqual(noReply);
    await openGate(lab);
    await untilVgpus(lab, inUse);
    expect(await call(lab, path, 'Domain.ForceOff')).toBeUndefined();
    await untilVgpus(lab, whole);
    expect(await stored(lab)).toBe(scene.before);
  });

  it('that starts a machine: without libvirtd it stays off, and starts at the next call', async () => {
    await holdQemu(lab);
    const path = await domainPath(lab, user);
    const started = call(lab, path, 'Domain.Start');
    await untilHeld(lab);
    await killLibvirtd(lab);
    expect(await started).toMatch(/^TimedOut: domain server could not be started: .*the outcome is unknown/);
    await openGate(lab);
    await untilConnected(lab, true);
    await untilVgpus(lab, whole);
    expect(await show(lab, path, 'Domain', ['State'])).toEqual({ State: 'shut-off' });
    await useVgpu(lab);
    expect(await stored(lab)).toBe(scene.before);
  });
});
