// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevParent, MdevType } from '../model/parent.js';
import type { MdevVgpu } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import { domainInUse } from '../rules/domain-use.js';
import { checkMdevAttributes, parentDriver } from '../rules/mdev-attributes.js';
import { requireInstance, requireListedMdev } from '../rules/mdev-checks.js';
import { mdevArgs } from './step.js';

/** @throws DeviceError NotFound; NotSupported when the vGPU is no mediated device */
export function requireMdev(inventory: Inventory, id: MdevId): MdevVgpu {
  const vgpu = requireListedMdev(inventory.vgpus.values(), id);
  if (vgpu.backing === 'mdev') return vgpu;
  throw new DeviceError('NotSupported', `vGPU ${id.uuid} is no mediated device but ${vgpu.backing}`, {
    details: mdevArgs(id),
  });
}

/** @throws DeviceError NoAvailableInstances; says who holds them */
export function requireFreeInstance(inventory: Inventory, parent: MdevParent, type: MdevType): void {
  const mdevs = [...inventory.vgpus.values()].filter((vgpu): vgpu is MdevVgpu => vgpu.backing === 'mdev');
  requireInstance(parent, type, mdevs, (mdev) => domainInUse(inventory, mdev));
}

/**
 * Refuses what somebody else stored and what we would not have.
 * @throws DeviceError InvalidState, details.attribute names the first wrong one
 */
export function requireSafeDefinition(inventory: Inventory, mdev: MdevVgpu): void {
  try {
    checkMdevAttributes(mdev.attributes, driverIn(inventory, mdev.parent));
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} has an unsafe definition: ${error.message}`, {
      details: { ...mdevArgs(mdev), ...error.details },
      cause: error,
    });
  }
}

/** The driver of a parent; undefined when it is not known. */
export function driverIn(inventory: Inventory, parent: MdevParent['name']): string | undefined {
  return parentDriver({ parents: inventory.parents.values(), pciDevices: inventory.pciDevices.values() }, parent);
}

/** @throws DeviceError NotFound */
export function requireDomain(inventory: Inventory, uuid: Uuid): Domain {
  const domain = inventory.domains.get(uuid);
  if (domain !== undefined) return domain;
  throw new DeviceError('NotFound', `domain ${uuid} does not exist`, { details: { domain: uuid } });
}
