// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import type { Service } from '../service/service.js';
import {
  findParent,
  findVgpu,
  findVgpus,
  parseParentArgument,
  parseVgpuReference,
  type VgpuObject,
} from '../service/targets.js';
import { createVgpu } from './create-vgpu.js';

export interface DefineOptions {
  readonly uuid?: string;
  readonly parent?: string;
  readonly type?: string;
  readonly auto?: boolean;
}

/** Stores the definition of an active vGPU, or of a new one without starting it; prints the UUID when that was not given. */
export async function run(options: DefineOptions, context: Context): Promise<number> {
  const reference = options.uuid === undefined ? undefined : parseVgpuReference(options.uuid, options.parent);
  const parentName =
    reference?.parentName ?? (options.parent === undefined ? undefined : parseParentArgument(options.parent));
  if (reference === undefined && (parentName === undefined || options.type === undefined)) {
    throw new DeviceError('InvalidArgument', 'define needs --uuid of an active vGPU, or --parent and --type');
  }

  const service = await context.service();
  const objects = await service.objects();
  const autostart = options.auto ?? false;
  if (reference !== undefined) {
    const known = findVgpus(objects, reference);
    if (known.length > 0 || options.type === undefined || parentName === undefined) {
      const vgpu = findVgpu(objects, reference, (candidate) => candidate.Active && !candidate.Persistent);
      await defineKnown(service, vgpu, options.type, autostart);
      return 0;
    }
  }
  if (parentName === undefined || options.type === undefined) {
    throw new DeviceError('InvalidArgument', 'defining a new vGPU needs --parent and --type');
  }
  const uuid = await createVgpu(service, findParent(objects, parentName), options.type, {
    ...(reference === undefined ? {} : { uuid: reference.uuid }),
    persistent: true,
    start: false,
    autostart,
  });
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
  const name = `${vgpu.Uuid}@${vgpu.ParentName}`;
  if (typeId !== undefined && typeId !== vgpu.TypeId) {
    throw new DeviceError('AlreadyExists', `${name} is there with type ${vgpu.TypeId}`);
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
