// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { findVgpu, parseVgpuReference } from '../service/targets.js';

export interface ModifyOptions {
  readonly uuid: string;
  readonly parent?: string;
  readonly auto?: boolean;
  readonly manual?: boolean;
}

/** Sets whether a defined vGPU starts with its parent. */
export async function run(options: ModifyOptions, context: Context): Promise<number> {
  const autostart = options.auto ?? false;
  if (autostart === (options.manual ?? false)) {
    throw new DeviceError('InvalidArgument', 'modify needs --auto or --manual');
  }
  const reference = parseVgpuReference(options.uuid, options.parent);
  const service = await context.service();
  const vgpu = findVgpu(await service.objects(), reference, (candidate) => candidate.Persistent);
  await service.change({ path: vgpu.path, interfaceName: interfaces.vgpu, method: 'SetAutostart' }, [autostart]);
  return 0;
}
