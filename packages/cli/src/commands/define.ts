// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import type { Service } from '../service/service.js';
import { findVgpu, findVgpus, type VgpuObject } from '../service/targets.js';
import { createVgpu, parseVgpuOptions, type VgpuOptions } from './create-vgpu.js';

export interface DefineOptions extends VgpuOptions {
  readonly auto?: boolean;
}

/** Stores an active vGPU, or a new one without starting it; prints the UUID when that was not given. */
export async function run(options: DefineOptions, context: Context): Promise<number> {
  const request = parseVgpuOptions('define', options);
  const { reference, typeId } = request;
  const autostart = options.auto ?? false;
  const service = await context.service();
  const objects = await service.objects();
  if (reference !== undefined && (typeId === undefined || findVgpus(objects, reference).length > 0)) {
    const vgpu = findVgpu(objects, reference, (candidate) => candidate.Active && !candidate.Persistent);
    await defineKnown(service, vgpu, typeId, autostart);
    return 0;
  }
  const uuid = await createVgpu(service, objects, request, { persistent: true, start: false, autostart });
  if (reference === undefined) context.print(`${uuid}\n`);
  return 0;
}

async function defineKnown(
  service: Service,
  vgpu: VgpuObject,
  typeId: string | undefined,
  autostart: boolean,
): Promise<void> {
  const target = { path: vgpu.path, interfaceName: interfaces.vgpu } as const;
  if (typeId !== undefined && typeId !== vgpu.TypeId) {
    throw new DeviceError(
      'AlreadyExists',
      `vGPU ${vgpu.Uuid} exists under ${vgpu.ParentName} with type ${vgpu.TypeId}`,
    );
  }
  await service.change({ ...target, method: 'Define' }, []);
  if (!autostart) return;
  try {
    await service.change({ ...target, method: 'SetAutostart' }, [true]);
  } catch (error) {
    // The two calls are one wish: all of it or nothing. The first failure is the one to tell.
    await service.change({ ...target, method: 'Undefine' }, []).catch(() => undefined);
    throw error;
  }
}
