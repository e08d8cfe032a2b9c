// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevVgpu } from '../model/vgpu.js';
import type { MdevDefinition, MdevId } from '../ports.js';
import { domainInUse, domainsAssigned } from '../rules/domain-use.js';
import { refuseUsedBy, requirePersistent, requireReadable, requireUniqueUuid } from '../rules/mdev-checks.js';
import { requireMdev, requireSafeDefinition } from './checks.js';
import type { Plan } from './plan.js';
import {
  defineMdevStep,
  domainsArgs,
  mdevArgs,
  note,
  setAutostartStep,
  shownName,
  toMdevId,
  undefineMdevStep,
} from './step.js';

/**
 * Stores an active transient vGPU, as it is.
 * @throws DeviceError NotFound, NotSupported, Ambiguous, AlreadyExists (stored already), InvalidState (attributes that
 * are not safe)
 */
export function planDefineVgpu(inventory: Inventory, vgpu: MdevId): Plan {
  const mdev = requireMdev(inventory, vgpu);
  requireUniqueUuid(inventory.vgpus.values(), mdev.uuid);
  requireReadable(mdev);
  if (mdev.persistent) {
    throw new DeviceError('AlreadyExists', `vGPU ${mdev.uuid} has a definition already`, { details: mdevArgs(mdev) });
  }
  requireSafeDefinition(inventory, mdev);
  return { steps: [defineMdevStep(toDefinition(mdev))] };
}

/**
 * Removes a definition; an active vGPU goes on as a transient one.
 * @throws DeviceError NotFound, NotSupported, Ambiguous, InvalidState (no definition), DeviceBusy (a running domain has
 * it, or a stored one needs it)
 */
export function planUndefineVgpu(inventory: Inventory, vgpu: MdevId): Plan {
  const mdev = requireMdev(inventory, vgpu);
  requireUniqueUuid(inventory.vgpus.values(), mdev.uuid, mdev.parent);
  requireReadable(mdev);
  requirePersistent(mdev);
  const user = domainInUse(inventory, mdev);
  if (user !== undefined) refuseUsedBy(mdev, user);
  const assigned = domainsAssigned(inventory, mdev);
  if (assigned.length > 0) {
    const names = assigned.map(shownName).join(', ');
    throw new DeviceError('DeviceBusy', `vGPU ${mdev.uuid} is assigned to ${names}: unassign it first`, {
      details: { uuid: mdev.uuid, ...domainsArgs(assigned) },
    });
  }
  const message = `${mdev.uuid} stays active without a definition: once stopped it is gone`;
  const notes = mdev.active ? [note('note-vgpu-transient', 'warning', message, { uuid: mdev.uuid })] : [];
  return { steps: [undefineMdevStep(toDefinition(mdev)), ...notes] };
}

/**
 * Whether a stored vGPU starts with its parent; no step when it is so already.
 * @throws DeviceError NotFound, NotSupported, Ambiguous, InvalidState (no definition; or switched on for attributes
 * that are not safe)
 */
export function planSetAutostart(inventory: Inventory, vgpu: MdevId, autostart: boolean): Plan {
  const mdev = requireMdev(inventory, vgpu);
  requireUniqueUuid(inventory.vgpus.values(), mdev.uuid);
  requireReadable(mdev);
  requirePersistent(mdev);
  if (autostart) requireSafeDefinition(inventory, mdev);
  return { steps: mdev.autostart === autostart ? [] : [setAutostartStep(mdev, autostart)] };
}

function toDefinition(mdev: MdevVgpu): MdevDefinition {
  return { ...toMdevId(mdev), typeId: mdev.typeId, attributes: mdev.attributes };
}
