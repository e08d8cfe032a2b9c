// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import type { Objects } from '../service/objects.js';
import { ambiguous, findVgpu, findVgpus, type VgpuObject } from '../service/targets.js';
import { createVgpu, parseVgpuOptions, type VgpuOptions, type VgpuRequest } from './create-vgpu.js';

/** Starts a defined vGPU, or a new one that is gone when it stops; prints the UUID when that was not given. */
export async function run(options: VgpuOptions, context: Context): Promise<number> {
  const request = parseVgpuOptions('start', options);
  const service = await context.service();
  const objects = await service.objects();
  const stored = findStored(objects, request);
  if (stored !== undefined) {
    await service.change({ path: stored.path, interfaceName: interfaces.vgpu, method: 'Start' }, []);
    return 0;
  }
  const uuid = await createVgpu(service, objects, request, { persistent: false, start: true });
  if (request.reference === undefined) context.print(`${uuid}\n`);
  return 0;
}

/** The vGPU to start when it is there already; undefined when the request describes a new one. */
function findStored(objects: Objects, { reference, typeId }: VgpuRequest): VgpuObject | undefined {
  if (reference === undefined) return undefined;
  const defined = findVgpus(objects, reference).filter((vgpu) => vgpu.Persistent);
  if (defined.length > 1) throw ambiguous(reference, defined);
  // A transient one cannot be started again: the service says so.
  const vgpu =
    defined[0] ??
    (typeId === undefined
      ? findVgpu(objects, reference)
      : findVgpus(objects, reference).find((candidate) => candidate.TypeId === typeId));
  if (vgpu !== undefined && typeId !== undefined && vgpu.TypeId !== typeId) {
    throw new DeviceError(
      'AlreadyExists',
      `vGPU ${vgpu.Uuid} is defined under ${vgpu.ParentName} with type ${vgpu.TypeId}`,
    );
  }
  return vgpu;
}
