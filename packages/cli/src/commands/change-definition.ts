// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { diffWithheld, interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import { formatDiff, formatSteps } from '../format/steps.js';
import { textIn } from '../service/objects.js';
import type { Service } from '../service/service.js';
import { parseVgpuReference, type DomainObject, type VgpuReference } from '../service/targets.js';

/** Reads the vGPU of `vgpuctl VERB VGPU DOMAIN`; InvalidArgument says so when it is the other way round. */
export function parseAssignment(verb: string, { vgpu, domain }: { vgpu: string; domain: string }): VgpuReference {
  try {
    return parseVgpuReference(vgpu);
  } catch (error) {
    if (!isVgpuReference(domain)) throw error;
    throw new DeviceError('InvalidArgument', `the vGPU comes first: vgpuctl ${verb} ${domain} ${vgpu}`);
  }
}

function isVgpuReference(text: string): boolean {
  try {
    parseVgpuReference(text);
    return true;
  } catch {
    return false;
  }
}

/** A change of a virtual machine's vGPUs. */
export interface DefinitionChange {
  readonly domain: DomainObject;
  readonly method: 'AssignVgpu' | 'UnassignVgpu';
  /** Object path. */
  readonly vgpu: string;
  readonly options: { readonly restore_video?: boolean };
  readonly dryRun: boolean;
}

/**
 * Prints what the change would do now, and makes it unless it is a dry run. The service plans again then: where other
 * steps come out of it, since the virtual machine changed meanwhile, these are printed too.
 */
export async function previewAndChange(
  { domain, method, vgpu, options, dryRun }: DefinitionChange,
  service: Service,
  context: Context,
): Promise<void> {
  const target = { path: domain.path, interfaceName: interfaces.domain, method } as const;
  const [diff, steps] = await service.preview(target, [vgpu], options);
  context.print(formatSteps(steps) + formatDiff(diff));
  if (dryRun) return;
  const [doneSteps] = await service.change(target, [vgpu], options);
  const done = formatSteps(doneSteps);
  // Only the preview says that it has no diff for this user.
  if (done !== formatSteps(steps.filter((step) => textIn(step, 'id') !== diffWithheld)))
    context.print(plain(`${domain.Name} has changed in between; this was done instead:`) + `\n${done}`);
}
