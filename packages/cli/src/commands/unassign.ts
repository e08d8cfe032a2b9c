// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import { formatDiff, formatSteps } from '../format/steps.js';
import { findDomain, findVgpu, parseVgpuReference } from '../service/targets.js';

export interface UnassignOptions {
  /** UUID or UUID@PARENT. */
  readonly vgpu: string;
  /** Name or UUID. */
  readonly domain: string;
  readonly dryRun?: boolean;
  /** false: the video devices that assign removed do not come back. */
  readonly restoreVideo?: boolean;
}

/** Shows what removing the vGPU would change in the virtual machine's definition, and changes it unless it is a dry run. */
export async function run(options: UnassignOptions, context: Context): Promise<number> {
  const reference = parseVgpuReference(options.vgpu);
  const service = await context.service();
  const objects = await service.objects();
  const domain = findDomain(objects, options.domain);
  const vgpu = findVgpu(objects, reference, (candidate) => domain.Vgpus.includes(candidate.path));
  const target = { path: domain.path, interfaceName: interfaces.domain, method: 'UnassignVgpu' } as const;
  const callOptions = options.restoreVideo === undefined ? {} : { restore_video: options.restoreVideo };

  const [diff, steps] = await service.preview(target, [vgpu.path], callOptions);
  context.print(formatSteps(steps) + formatDiff(diff));
  if (options.dryRun) return 0;
  await service.change(target, [vgpu.path], callOptions);
  context.print(plain(`${vgpu.Uuid} is no longer assigned to ${domain.Name}`) + '\n');
  return 0;
}
