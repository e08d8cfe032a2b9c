// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { DeviceError } from '@vgpu/core';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Objects } from '../service/objects.js';
import type { Service } from '../service/service.js';
import { findParent, parseParentArgument, parseVgpuReference, type VgpuReference } from '../service/targets.js';

/** mdevctl's options that name a vGPU, or say what a new one shall be. */
export interface VgpuOptions {
  readonly uuid?: string;
  readonly parent?: string;
  readonly type?: string;
}

/** The same, read. */
export interface VgpuRequest {
  readonly reference: VgpuReference | undefined;
  readonly parentName: string | undefined;
  readonly typeId: string | undefined;
}

/** InvalidArgument: neither names a vGPU nor says enough for a new one. */
export function parseVgpuOptions(verb: string, options: VgpuOptions): VgpuRequest {
  const reference = options.uuid === undefined ? undefined : parseVgpuReference(options.uuid, options.parent);
  const given = options.parent === undefined ? undefined : parseParentArgument(options.parent);
  const request = { reference, parentName: reference?.parentName ?? given, typeId: options.type };
  if (reference === undefined && (request.parentName === undefined || request.typeId === undefined)) {
    throw new DeviceError('InvalidArgument', `${verb} needs --uuid, or --parent and --type for a new vGPU`);
  }
  return request;
}

/**
 * Makes the vGPU that the request describes.
 * @returns its UUID, a new random one where none was given
 * @throws DeviceError InvalidArgument where parent or type are missing, NotFound, and those of CreateVgpu
 */
export async function createVgpu(
  service: Service,
  objects: Objects,
  { reference, parentName, typeId }: VgpuRequest,
  options: { persistent: boolean; start: boolean; autostart?: boolean },
): Promise<string> {
  if (parentName === undefined || typeId === undefined) {
    throw new DeviceError('InvalidArgument', `${reference?.uuid ?? 'a vGPU'} is new: it needs --parent and --type`);
  }
  const parent = findParent(objects, parentName);
  // Chosen here, so that a call without an answer can be followed up by UUID.
  const uuid = reference?.uuid ?? randomUUID();
  await service.change({ path: parent.Gpu, interfaceName: interfaces.gpu, method: 'CreateVgpu' }, [typeId], {
    ...options,
    uuid,
    parent: parent.path,
  });
  return uuid;
}
