// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { install } from './installed.js';
import type { Lab } from './lab.js';
import { clear, defineDomain, otherUuid, secondGpu, seedUuid } from './machines.js';
import { call, callWith, domainPath, eventually, gpuPath, untilVgpus } from './vgpud.js';

export const typeId = 'i915-GVTg_V5_4';
export const storedUuid = '83c32df7-d52e-4ec1-9668-1f3c7e4df107';
/** The machine that has `seedUuid`. */
export const user = 'server';

/** How the vGPUs of the scene are while nothing is broken and the machine is off. */
export const whole = {
  [seedUuid]: 'active persistent auto',
  [otherUuid]: 'active',
  [storedUuid]: 'inactive persistent',
};
/** The same while the machine runs. */
export const inUse = { ...whole, [seedUuid]: `active persistent auto ${user}` };

/**
 * For all tests of a file: vgpud is installed, and the scene set up before each.
 * @param restore what a test may have left broken
 * @returns what is stored before the test that runs
 */
export function useScene(lab: Lab, restore = async (): Promise<unknown> => undefined): { readonly before: string } {
  const scene = { before: '' };
  beforeAll(() => install(lab));
  beforeEach(async () => {
    await restore();
    await setUpScene(lab);
    scene.before = await stored(lab);
  });
  afterAll(async () => {
    await restore();
    await clear(lab);
    await plugIn(lab);
    await lab.try('/usr/lib/vgpud/uninstall.sh');
  });
  return scene;
}

/** The second GPU with a vGPU that starts by itself and a machine has, a transient one, and one that is only stored. */
async function setUpScene(lab: Lab): Promise<void> {
  await plugIn(lab);
  await clear(lab);
  await untilVgpus(lab, {});
  await defineDomain(
    lab,
    user,
    `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${seedUuid}'/></source></hostdev>`,
  );
  // The kernel takes them away in this order.
  await create(lab, `"uuid":<"${otherUuid}">,"persistent":<false>`);
  await create(lab, `"uuid":<"${seedUuid}">,"autostart":<true>`);
  await create(lab, `"uuid":<"${storedUuid}">,"start":<false>`);
  await untilVgpus(lab, whole);
}

async function create(lab: Lab, options: string): Promise<void> {
  expect(await callWith(lab, gpuPath(secondGpu), 'Gpu.CreateVgpu', [typeId, `'{${options}}'`])).toBeUndefined();
}

/** Starts the scene's machine. */
export async function useVgpu(lab: Lab): Promise<void> {
  expect(await call(lab, await domainPath(lab, user), 'Domain.Start')).toBeUndefined();
  await untilVgpus(lab, inUse);
}

/** What is stored: mdevctl's files, and the machine's document. Nothing that breaks may change it. */
export async function stored(lab: Lab): Promise<string> {
  return await lab.run(
    `cd /etc/mdevctl.d && find . -type f -exec grep -H '' {} + | sort; virsh dumpxml --inactive --security-info ${user}`,
  );
}

/** Begins to pull the second GPU: its slot gives it up after five seconds, and when nobody has it open. */
export async function pull(lab: Lab): Promise<void> {
  await lab.hardware('device_del', { id: 'second-gpu' });
}

export async function untilGone(lab: Lab): Promise<void> {
  await lab.until(`! test -e /sys/bus/pci/devices/${secondGpu}`);
}

/** Puts the second GPU back unless it is there. */
export async function plugIn(lab: Lab): Promise<void> {
  const { status } = await lab.try(`test -e /sys/bus/pci/devices/${secondGpu}`);
  if (status === 0) return;
  // The slot is free only a moment after the kernel has let go.
  await eventually(async () => {
    await lab.hardware('device_add', { driver: 'edu', id: 'second-gpu', bus: 'gpu-port' });
  });
  await lab.until(`test -e /sys/bus/pci/devices/${secondGpu}/mdev_supported_types`);
}

/** Kills libvirtd, and returns when it has ended. */
export async function killLibvirtd(lab: Lab): Promise<void> {
  const pid = await lab.unitProperty('libvirtd', 'MainPID');
  await lab.run('systemctl kill --kill-whom=main --signal=KILL libvirtd.service');
  await lab.until(`test "$(systemctl show -P MainPID libvirtd)" != ${pid}`);
}

/** Kills vgpud, and returns when another one runs. */
export async function killVgpud(lab: Lab): Promise<void> {
  const pid = await lab.unitProperty('vgpud', 'MainPID');
  await lab.run('systemctl kill --signal=KILL vgpud.service');
  await lab.until(`pid=$(systemctl show -P MainPID vgpud) && test $pid -gt 0 -a $pid != ${pid}`);
}
