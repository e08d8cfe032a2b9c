// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, parseParentName } from '@vgpu/core';
import { formatVgpuPath, formatVgpuPathPrefix } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { plain } from '../format/escape.js';
import type { Objects } from '../service/objects.js';
import { findDomain, findVgpu, findVgpus, type VgpuObject, type VgpuReference } from '../service/targets.js';
import { parseAssignment, previewAndChange } from './change-definition.js';

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
  const reference = parseAssignment('unassign', options);
  const service = await context.service();
  const objects = await service.objects();
  const domain = findDomain(objects, options.domain);
  const gone = isGone(objects, reference);
  const vgpu = gone ? formatGonePath(reference) : findAny(objects, reference, domain.Vgpus).path;
  const dryRun = options.dryRun ?? false;
  const callOptions = options.restoreVideo === undefined ? {} : { restore_video: options.restoreVideo };

  const change = { domain, method: 'UnassignVgpu', vgpu, options: callOptions, dryRun } as const;
  try {
    await previewAndChange(change, service, context);
  } catch (error) {
    if (!gone || !(error instanceof DeviceError) || error.code !== 'NotFound') throw error;
    // The service knows the path only.
    const message = `vGPU ${reference.uuid} does not exist, and is not assigned to ${domain.Name}`;
    throw new DeviceError('NotFound', message, { cause: error });
  }
  if (dryRun) return 0;
  context.print(plain(`${reference.uuid} is no longer assigned to ${domain.Name}`) + '\n');
  return 0;
}

/** One that the domain has, or any: its definition names no parent, so that several with the UUID are the same to it. */
function findAny(objects: Objects, reference: VgpuReference, assigned: readonly string[]): VgpuObject {
  const vgpus = findVgpus(objects, reference);
  const assignedOne = vgpus.find((vgpu) => assigned.includes(vgpu.path));
  return assignedOne ?? vgpus[0] ?? findVgpu(objects, reference);
}

/** Whether no parent has such a vGPU any more; a virtual machine's definition still can. */
function isGone(objects: Objects, { uuid }: VgpuReference): boolean {
  return findVgpus(objects, { uuid, parentName: undefined }).length === 0;
}

/** The path that the vGPU would have; its beginning is enough where the parent is not known. */
function formatGonePath({ uuid, parentName }: VgpuReference): string {
  return parentName === undefined
    ? formatVgpuPathPrefix(uuid)
    : formatVgpuPath({ uuid, parent: parseParentName(parentName) });
}
