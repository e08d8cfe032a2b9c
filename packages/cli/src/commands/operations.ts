// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseUuid } from '@vgpu/core';
import { interfaces, rootPath } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { formatOperations, formatOperationsJson } from '../format/operations.js';
import type { Objects } from '../service/objects.js';
import { formatVgpuReference } from '../service/targets.js';

export interface OperationsOptions {
  readonly json?: boolean;
}

/** The changes of all users that are under way, or were a short time ago. */
export async function run(options: OperationsOptions, context: Context): Promise<number> {
  const objects = await (await context.service()).objects();
  const operations = objects.all(interfaces.operation).map((operation) => ({
    id: operation.Id,
    kind: operation.Kind,
    target: nameTarget(objects, operation.Target),
    callerUid: operation.CallerUid,
    state: operation.State,
    error: operation.ErrorMessage,
    startedUsec: operation.StartedUsec,
  }));
  context.print(options.json ? formatOperationsJson(operations) : formatOperations(operations));
  return 0;
}

/** As other commands take it; what is gone has only the end of its path. */
function nameTarget(objects: Objects, path: string): string {
  const vgpu = objects.find(interfaces.vgpu, path);
  if (vgpu !== undefined) return formatVgpuReference({ uuid: parseUuid(vgpu.Uuid), parentName: vgpu.ParentName });
  const domain = objects.find(interfaces.domain, path);
  if (domain !== undefined) return domain.Name;
  const gpu = objects.find(interfaces.gpu, path);
  const address = gpu && objects.find(interfaces.pciDevice, gpu.PciDevice)?.Address;
  return address ?? path.slice(rootPath.length + 1);
}
