// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import { findDomain, findVgpu } from '../service/targets.js';
import { parseAssignment, previewAndChange } from './change-definition.js';

export interface AssignOptions {
  /** UUID or UUID@PARENT. */
  readonly vgpu: string;
  /** Name or UUID. */
  readonly domain: string;
  readonly dryRun?: boolean;
}

/** Shows what assigning would change in the virtual machine's definition, and changes it unless it is a dry run. */
export async function run(options: AssignOptions, context: Context): Promise<number> {
  const reference = parseAssignment('assign', options);
  const service = await context.service();
  const objects = await service.objects();
  const vgpu = findVgpu(objects, reference);
  const domain = findDomain(objects, options.domain);
  const dryRun = options.dryRun ?? false;

  await previewAndChange({ domain, method: 'AssignVgpu', vgpu: vgpu.path, options: {}, dryRun }, service, context);
  if (dryRun) return 0;
  context.print(plain(`${vgpu.Uuid} is assigned to ${domain.Name}`) + '\n');
  return 0;
}
