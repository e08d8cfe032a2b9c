// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Service } from '../service/service.js';
import type { ParentObject } from '../service/targets.js';

/**
 * Makes a vGPU under the parent.
 * @returns its UUID, a new random one where none was given.
 */
export async function createVgpu(
  service: Service,
  parent: ParentObject,
  typeId: string,
  options: { uuid?: string; persistent: boolean; start: boolean; autostart?: boolean },
): Promise<string> {
  // Chosen here, so that a call without an answer can be followed up by UUID.
  const uuid = options.uuid ?? randomUUID();
  await service.change({ path: parent.Gpu, interfaceName: interfaces.gpu, method: 'CreateVgpu' }, [typeId], {
    ...options,
    uuid,
    parent: parent.path,
  });
  return uuid;
}
