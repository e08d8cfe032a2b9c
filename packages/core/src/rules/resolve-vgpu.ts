// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Inventory } from '../model/inventory.js';
import type { Vgpu } from '../model/vgpu.js';

/** All vGPUs with a UUID: none, one, or several under different parents. */
export function findVgpus(inventory: Inventory, uuid: Uuid): readonly Vgpu[] {
  return [...inventory.vgpus.values()].filter((vgpu) => vgpu.uuid === uuid);
}

/**
 * The one vGPU with a UUID.
 * @throws DeviceError NotFound; Ambiguous when several parents have it, details.parents names them.
 */
export function resolveVgpu(inventory: Inventory, uuid: Uuid): Vgpu {
  const [vgpu, ...others] = findVgpus(inventory, uuid);
  if (vgpu === undefined) throw new DeviceError('NotFound', `vGPU ${uuid} does not exist`, { details: { uuid } });
  if (others.length > 0) throw ambiguousUuid(uuid, parentsOf([vgpu, ...others]));
  return vgpu;
}

/**
 * The error for a UUID that several parents have. Naming the parent as well does not help, since libvirt hands only the
 * UUID on; mdevctl can be told.
 * @param unwanted the parent whose vGPU the message says how to remove; any where it is not known
 */
export function ambiguousUuid(uuid: Uuid, parentNames: readonly string[], unwanted?: string): DeviceError {
  const parents = parentNames.toSorted();
  const message =
    `vGPU ${uuid} exists under several parents, which libvirt cannot tell apart: ${parents.join(', ')}; ` +
    `mdevctl undefine --uuid ${uuid} --parent ${unwanted ?? parents.at(-1)} would remove one`;
  return new DeviceError('Ambiguous', message, { details: { uuid, parents } });
}

export function parentsOf(vgpus: readonly Pick<Vgpu, 'parent'>[]): readonly string[] {
  return vgpus.map((vgpu) => vgpu.parent);
}
