// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import {
  ambiguous,
  findParent,
  findVgpu,
  findVgpus,
  formatVgpuReference,
  parseParentArgument,
  parseVgpuReference,
} from '../service/targets.js';
import { createVgpu } from './create-vgpu.js';

export interface StartOptions {
  readonly uuid?: string;
  readonly parent?: string;
  readonly type?: string;
}

/** Starts a defined vGPU, or a new one that is gone when it stops; prints the UUID when that was not given. */
export async function run(options: StartOptions, context: Context): Promise<number> {
  const reference = options.uuid === undefined ? undefined : parseVgpuReference(options.uuid, options.parent);
  const parentName =
    reference?.parentName ?? (options.parent === undefined ? undefined : parseParentArgument(options.parent));
  if (reference === undefined && (parentName === undefined || options.type === undefined)) {
    throw new DeviceError('InvalidArgument', 'start needs --uuid, or --parent and --type');
  }

  const service = await context.service();
  const objects = await service.objects();
  if (reference !== undefined) {
    const defined = findVgpus(objects, reference).filter((vgpu) => vgpu.Persistent);
    if (defined.length > 1) throw ambiguous(defined);
    const asked = options.type;
    const vgpu = defined[0] ?? (asked === undefined ? findVgpu(objects, reference) : undefined);
    if (vgpu !== undefined) {
      if (asked !== undefined && vgpu.TypeId !== asked) {
        throw new DeviceError('AlreadyExists', `${vgpu.Uuid}@${vgpu.ParentName} is defined with type ${vgpu.TypeId}`);
      }
      await service.change({ path: vgpu.path, interfaceName: interfaces.vgpu, method: 'Start' }, []);
      return 0;
    }
  }
  if (parentName === undefined || options.type === undefined) {
    throw new DeviceError(
      'InvalidArgument',
      `${reference === undefined ? 'a new vGPU' : formatVgpuReference(reference)} is not defined: starting it needs --parent and --type`,
    );
  }
  const parent = findParent(objects, parentName);
  const uuid = await createVgpu(service, parent, options.type, {
    ...(reference === undefined ? {} : { uuid: reference.uuid }),
    persistent: false,
    start: true,
  });
  if (reference === undefined) context.print(`${uuid}\n`);
  return 0;
}
