// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { formatList, formatListJson, type ListedMdev } from '../format/mdevctl.js';
import { parseParentArgument, parseVgpuReference, type VgpuObject } from '../service/targets.js';
import { listedObjects } from './listed-objects.js';
import { readManners } from './types.js';

export interface ListOptions {
  readonly defined?: boolean;
  readonly uuid?: string;
  readonly parent?: string;
  readonly verbose?: boolean;
  readonly dumpjson?: boolean;
}

/** mdevctl's `list`: the active mediated devices, or the stored ones. Finding none is no error. */
export async function run(options: ListOptions, context: Context): Promise<number> {
  const wanted = options.uuid === undefined ? undefined : parseVgpuReference(options.uuid, options.parent);
  const parentName =
    wanted?.parentName ?? (options.parent === undefined ? undefined : parseParentArgument(options.parent));
  const defined = options.defined ?? false;

  const objects = await listedObjects(context);
  const manners = readManners(objects);
  const mdevs = objects
    .all(interfaces.vgpu)
    .filter((vgpu) => vgpu.Backing === 'mdev' && (defined ? vgpu.Persistent : vgpu.Active))
    .filter((vgpu) => wanted === undefined || vgpu.Uuid === wanted.uuid)
    .filter((vgpu) => parentName === undefined || vgpu.ParentName === parentName)
    .map((vgpu) => toListedMdev(vgpu, defined || manners.activeAttributes));
  const text = options.dumpjson
    ? formatListJson(mdevs, { single: wanted !== undefined })
    : formatList(mdevs, { defined, verbose: options.verbose ?? false });
  context.print(text + manners.ending);
  return 0;
}

function toListedMdev(vgpu: VgpuObject, withAttributes: boolean): ListedMdev {
  return {
    uuid: vgpu.Uuid,
    parentName: vgpu.ParentName,
    typeId: vgpu.TypeId,
    active: vgpu.Active,
    persistent: vgpu.Persistent,
    autostart: vgpu.Autostart,
    attributes: withAttributes ? vgpu.Attributes : [],
  };
}
