// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import {
  formatTypes,
  formatTypesJson,
  mdevctlManners,
  type ListedParentTypes,
  type MdevctlManners,
} from '../format/mdevctl.js';
import type { Objects } from '../service/objects.js';
import { noSuchParent, parseParentArgument } from '../service/targets.js';
import { listedObjects, remarkNothing } from './listed-objects.js';

export interface TypesOptions {
  readonly parent?: string;
  readonly dumpjson?: boolean;
}

/** mdevctl's `types`: an unknown parent is no error, there is nothing to print then. */
export async function run(options: TypesOptions, context: Context): Promise<number> {
  const objects = await listedObjects(context);
  const wanted = options.parent === undefined ? undefined : parseParentArgument(options.parent);
  const parents = listParentTypes(objects).filter(({ name }) => wanted === undefined || name === wanted);
  const { ending } = readManners(objects);
  context.print((options.dumpjson ? formatTypesJson(parents) : formatTypes(parents)) + ending);
  if (parents.length === 0) remarkNothing(objects, context, noSuchParent(objects, wanted).message);
  return 0;
}

/** How the host's own mdevctl prints. */
export function readManners(objects: Objects): MdevctlManners {
  return mdevctlManners(objects.find(interfaces.manager, managerPath)?.MdevctlVersion ?? '');
}

function listParentTypes(objects: Objects): ListedParentTypes[] {
  const types = objects.all(interfaces.vgpuType);
  return objects.all(interfaces.mdevParent).map((parent) => ({
    name: parent.Name,
    types: types
      .filter((type) => type.Gpu === parent.Gpu && Object.hasOwn(parent.AvailableInstances, type.TypeId))
      .map((type) => ({
        typeId: type.TypeId,
        name: type.Name,
        deviceApi: type.DeviceApi,
        availableInstances: parent.AvailableInstances[type.TypeId] ?? 0,
        description: type.Description,
      })),
  }));
}
