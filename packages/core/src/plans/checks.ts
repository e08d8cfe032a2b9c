// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { MdevTypeId } from '../identity/device-names.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevParent, MdevType } from '../model/parent.js';
import { formatVgpuKey, type MdevVgpu } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import { domainInUse } from '../rules/domain-use.js';
import { checkMdevAttributes, parentDriver } from '../rules/mdev-attributes.js';
import { ambiguousUuid, findVgpus } from '../rules/resolve-vgpu.js';
import { domainArgs, mdevArgs, shownName } from './step.js';

/** @throws DeviceError NotFound; NotSupported when the vGPU is no mediated device */
export function requireMdev(inventory: Inventory, id: MdevId): MdevVgpu {
  const vgpu = inventory.vgpus.get(formatVgpuKey(id));
  if (vgpu === undefined) {
    throw new DeviceError('NotFound', `vGPU ${id.uuid} does not exist under ${id.parent}`, { details: mdevArgs(id) });
  }
  if (vgpu.backing !== 'mdev') {
    throw new DeviceError('NotSupported', `vGPU ${id.uuid} is no mediated device but ${vgpu.backing}`, {
      details: mdevArgs(id),
    });
  }
  return vgpu;
}

/**
 * Refuses a UUID that several parents have: libvirt names only the UUID to mdevctl, so that it would change the
 * wrong device, or both.
 * @throws DeviceError Ambiguous
 */
export function requireUniqueUuid(inventory: Inventory, uuid: Uuid): void {
  const vgpus = findVgpus(inventory, uuid);
  if (vgpus.length > 1) throw ambiguousUuid(uuid, vgpus);
}

/** @throws DeviceError InvalidState when it is gone after it stops, or never was stored */
export function requirePersistent(mdev: MdevVgpu): void {
  if (mdev.persistent) return;
  throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is transient: it has no definition`, {
    details: mdevArgs(mdev),
  });
}

/**
 * The parent and its type of this id.
 * @throws DeviceError NotFound; for a type, details.types lists those the parent has
 */
export function requireType(parent: MdevParent, typeId: MdevTypeId): MdevType {
  const type = parent.types.find((candidate) => candidate.typeId === typeId);
  if (type !== undefined) return type;
  const types = parent.types.map((candidate) => candidate.typeId);
  const offered = types.length === 0 ? 'it has none' : `it has ${types.join(', ')}`;
  throw new DeviceError('NotFound', `${parent.name} has no type ${typeId}: ${offered}`, {
    details: { parent: parent.name, typeId, types },
  });
}

/** @throws DeviceError NoAvailableInstances; details.holders lists the active vGPUs of the parent */
export function requireInstance(inventory: Inventory, parent: MdevParent, type: MdevType): void {
  if (type.availableInstances > 0) return;
  const active = [...inventory.vgpus.values()].filter(
    (vgpu): vgpu is MdevVgpu => vgpu.backing === 'mdev' && vgpu.parent === parent.name && vgpu.active,
  );
  const holders = active.map((vgpu) => {
    const domain = domainInUse(inventory, vgpu);
    const user = domain === undefined ? '' : `, used by ${shownName(domain)}`;
    return `${vgpu.uuid} (${vgpu.typeId}${user})`;
  });
  const heldBy = holders.length === 0 ? '' : `; active are ${holders.join(', ')}`;
  throw new DeviceError(
    'NoAvailableInstances',
    `${parent.name} has no available instances of ${type.typeId}${heldBy}`,
    {
      details: { parent: parent.name, typeId: type.typeId, holders: active.map((vgpu) => vgpu.uuid) },
    },
  );
}

/**
 * Refuses what somebody else stored and what we would not have.
 * @throws DeviceError InvalidState, details.attribute names the first wrong one
 */
export function requireSafeDefinition(inventory: Inventory, mdev: MdevVgpu): void {
  try {
    checkMdevAttributes(mdev.attributes, parentDriver(inventory, mdev.parent));
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} has an unsafe definition: ${error.message}`, {
      details: { ...mdevArgs(mdev), ...error.details },
      cause: error,
    });
  }
}

/** @throws DeviceError NotFound */
export function requireDomain(inventory: Inventory, uuid: Uuid): Domain {
  const domain = inventory.domains.get(uuid);
  if (domain !== undefined) return domain;
  throw new DeviceError('NotFound', `domain ${uuid} does not exist`, { details: { domain: uuid } });
}

/** @throws DeviceError DeviceBusy; details name the domain */
export function refuseUsedBy(mdev: { readonly uuid: Uuid }, domain: Domain): never {
  throw new DeviceError('DeviceBusy', `vGPU ${mdev.uuid} is in use by the running domain ${shownName(domain)}`, {
    details: { uuid: mdev.uuid, ...domainArgs(domain) },
  });
}
