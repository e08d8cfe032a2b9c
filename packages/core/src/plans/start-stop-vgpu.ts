// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevVgpu } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import { domainInUse, domainsAssigned } from '../rules/domain-use.js';
import { refuseUsedBy, requireReadable, requireType, requireUniqueUuid } from '../rules/mdev-checks.js';
import { requireFreeInstance, requireMdev, requireSafeDefinition } from './checks.js';
import type { Plan, PlanStep } from './plan.js';
import { domainsArgs, mdevArgs, note, shownName, startMdevStep, toMdevId } from './step.js';

/**
 * Makes a stored vGPU active.
 * @throws DeviceError NotFound (vGPU, type), NotSupported, Ambiguous, InvalidState (active already, parent missing,
 * a definition with unsafe attributes, or one that cannot be read), NoAvailableInstances
 */
export function planStartVgpu(inventory: Inventory, vgpu: MdevId): Plan {
  const mdev = requireMdev(inventory, vgpu);
  requireUniqueUuid(inventory.vgpus.values(), mdev.uuid);
  if (mdev.active) {
    throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is active already`, { details: mdevArgs(mdev) });
  }
  requireStartable(inventory, mdev);
  return { steps: [startMdevStep(mdev)] };
}

/** What starting an inactive mdev needs, whoever asks for it. */
export function requireStartable(inventory: Inventory, mdev: MdevVgpu): void {
  requireReadable(mdev);
  const parent = inventory.parents.get(mdev.parent);
  if (!mdev.parentPresent || parent === undefined) {
    throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} needs its parent ${mdev.parent}, which is not there`, {
      details: mdevArgs(mdev),
    });
  }
  const type = naming(mdev, () => requireType(parent, mdev.typeId));
  requireSafeDefinition(inventory, mdev);
  naming(mdev, () => requireFreeInstance(inventory, parent, type));
}

/** What is refused for the parent's sake names the vGPU too. */
function naming<T>(mdev: MdevVgpu, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(error.code, `vGPU ${mdev.uuid} cannot be started: ${error.message}`, {
      details: { ...mdevArgs(mdev), ...error.details },
    });
  }
}

/**
 * Makes an active vGPU inactive; a transient one is gone then.
 * @throws DeviceError NotFound, NotSupported, InvalidState (not active), DeviceBusy (a running domain has it)
 */
export function planStopVgpu(inventory: Inventory, vgpu: MdevId): Plan {
  const mdev = requireMdev(inventory, vgpu);
  if (!mdev.active) {
    throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is not active`, { details: mdevArgs(mdev) });
  }
  const user = domainInUse(inventory, mdev);
  if (user !== undefined) refuseUsedBy(mdev, user);
  const id = toMdevId(mdev);
  const stop: PlanStep = {
    id: 'stop-mdev',
    args: mdevArgs(mdev),
    severity: 'info',
    message: `stop ${mdev.uuid} under ${mdev.parent}`,
    action: { kind: 'stop-mdev', mdev: id },
    compensation: mdev.persistent && mdev.unreadable !== true ? { kind: 'start-mdev', mdev: id } : undefined,
  };
  return { steps: [stop, ...transientNote(mdev), ...neededByNote(inventory, mdev)] };
}

/** Tells that a vGPU without a definition does not outlive its stop. */
export function transientNote(mdev: MdevVgpu): readonly PlanStep[] {
  if (mdev.persistent) return [];
  const message = `${mdev.uuid} has no definition: once stopped it is gone`;
  return [note('note-vgpu-transient', 'warning', message, { uuid: mdev.uuid })];
}

function neededByNote(inventory: Inventory, mdev: MdevVgpu): readonly PlanStep[] {
  const domains = domainsAssigned(inventory, mdev);
  if (domains.length === 0) return [];
  const names = domains.map(shownName).join(', ');
  const message = mdev.persistent
    ? `${names} cannot start while ${mdev.uuid} is not active: starting the machine through vgpud starts it first, libvirt alone does not`
    : `${names} cannot start while ${mdev.uuid} is not active`;
  return [note('note-domains-need-vgpu', 'warning', message, { uuid: mdev.uuid, ...domainsArgs(domains) })];
}
