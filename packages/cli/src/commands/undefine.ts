// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { findVgpu, parseVgpuReference } from '../service/targets.js';

export interface UndefineOptions {
  readonly uuid: string;
  readonly parent?: string;
}

/** Removes a definition; an active vGPU goes on without it. */
export async function run(options: UndefineOptions, context: Context): Promise<number> {
  const reference = parseVgpuReference(options.uuid, options.parent);
  const service = await context.service();
  const vgpu = findVgpu(await service.objects(), reference, (candidate) => candidate.Persistent);
  await service.change({ path: vgpu.path, interfaceName: interfaces.vgpu, method: 'Undefine' }, []);
  return 0;
}
