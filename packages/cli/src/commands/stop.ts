// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { findVgpu, findVgpus, parseVgpuReference } from '../service/targets.js';

export interface StopOptions {
  readonly uuid: string;
}

/** Stops an active vGPU; one that is not defined is gone then. */
export async function run(options: StopOptions, context: Context): Promise<number> {
  const reference = parseVgpuReference(options.uuid);
  const service = await context.service();
  const objects = await service.objects();
  const vgpus = findVgpus(objects, reference);
  if (vgpus.length > 1 && !vgpus.some((candidate) => candidate.Active)) {
    throw new DeviceError('InvalidState', `vGPU ${reference.uuid} is not active under any of its parents`);
  }
  const vgpu = findVgpu(objects, reference, (candidate) => candidate.Active);
  await service.change({ path: vgpu.path, interfaceName: interfaces.vgpu, method: 'Stop' }, []);
  return 0;
}
