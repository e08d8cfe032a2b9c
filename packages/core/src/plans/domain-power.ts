// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevVgpu } from '../model/vgpu.js';
import { domainInUse } from '../rules/domain-use.js';
import { ambiguousUuid, findVgpus, parentsOf } from '../rules/resolve-vgpu.js';
import { refuseUsedBy } from '../rules/mdev-checks.js';
import { requireDomain } from './checks.js';
import type { Plan, PlanStep } from './plan.js';
import { requireStartable } from './start-stop-vgpu.js';
import { domainArgs, note, shownName, startMdevStep } from './step.js';

/**
 * Starts a stored domain, and before it the vGPUs it needs that are not active. With a saved state libvirt restores
 * the devices of that time, which the stored definition does not tell: no vGPU is started or asked for then.
 * @throws DeviceError NotFound (domain; a vGPU it names), InvalidState (running already; a vGPU that cannot be
 * started), DeviceBusy (another running domain has its vGPU), NoAvailableInstances, Ambiguous
 */
export function planStartDomain(inventory: Inventory, domainUuid: Uuid): Plan {
  const domain = requireDomain(inventory, domainUuid);
  if (domain.active !== undefined) {
    throw new DeviceError('InvalidState', `domain ${shownName(domain)} is running already`, {
      details: domainArgs(domain),
    });
  }
  const starts = domain.hasManagedSave ? [] : startsOfVgpus(inventory, domain);
  const start: PlanStep = {
    id: 'start-domain',
    args: domainArgs(domain),
    severity: 'info',
    message: `start the domain ${shownName(domain)}`,
    action: { kind: 'start-domain', domain: domain.uuid },
    // The reverse would end a guest that runs: whoever follows a start with more steps says how to undo it.
    compensation: undefined,
  };
  return { steps: [...starts, start, ...savedStateNote(domain)] };
}

function startsOfVgpus(inventory: Inventory, domain: Domain): readonly PlanStep[] {
  const hostdevs = domain.inactive?.hostdevs ?? [];
  return hostdevs.flatMap((hostdev) => (hostdev.kind === 'mdev' ? requireReady(inventory, domain, hostdev.uuid) : []));
}

function savedStateNote(domain: Domain): readonly PlanStep[] {
  if (!domain.hasManagedSave) return [];
  const message = `${shownName(domain)} goes on from its saved state, with the devices it had then`;
  return [note('note-saved-state', 'info', message, domainArgs(domain))];
}

/** Nothing for an active vGPU nobody uses, a start for an inactive one that can be started. */
function requireReady(inventory: Inventory, domain: Domain, uuid: Uuid): readonly PlanStep[] {
  const mdevs = findVgpus(inventory, uuid).filter((vgpu): vgpu is MdevVgpu => vgpu.backing === 'mdev');
  const [mdev, ...others] = mdevs;
  if (mdev === undefined) {
    const message = `domain ${shownName(domain)} needs vGPU ${uuid}, which does not exist: unassign it`;
    throw new DeviceError('NotFound', message, { details: { uuid, ...domainArgs(domain) } });
  }
  try {
    return startOf(inventory, [mdev, ...others]);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(error.code, `domain ${shownName(domain)} cannot start: ${error.message}`, {
      details: { uuid, ...domainArgs(domain), ...error.details },
    });
  }
}

/** @param mdevs those of one UUID */
function startOf(inventory: Inventory, mdevs: readonly [MdevVgpu, ...MdevVgpu[]]): readonly PlanStep[] {
  const active = mdevs.find((candidate) => candidate.active);
  if (active !== undefined) {
    const user = domainInUse(inventory, active);
    if (user !== undefined) refuseUsedBy(active, user);
    return [];
  }
  const [mdev] = mdevs;
  if (mdevs.length > 1) throw ambiguousUuid(mdev.uuid, parentsOf(mdevs));
  requireStartable(inventory, mdev);
  return [startMdevStep(mdev)];
}

/**
 * Asks the guest to shut down; the plan is done when it was asked.
 * @throws DeviceError NotFound, InvalidState (not running)
 */
export function planShutdownDomain(inventory: Inventory, domainUuid: Uuid): Plan {
  const domain = requireRunning(inventory, domainUuid);
  const step: PlanStep = {
    id: 'shutdown-domain',
    args: domainArgs(domain),
    severity: 'info',
    message: `ask the guest of ${shownName(domain)} to shut down`,
    action: { kind: 'shutdown-domain', domain: domain.uuid },
    compensation: undefined,
  };
  return { steps: [step] };
}

/**
 * Ends a running domain at once; its guest may lose data.
 * @throws DeviceError NotFound, InvalidState (not running)
 */
export function planForceOffDomain(inventory: Inventory, domainUuid: Uuid): Plan {
  const domain = requireRunning(inventory, domainUuid);
  const step: PlanStep = {
    id: 'force-off-domain',
    args: domainArgs(domain),
    severity: 'warning',
    message: `end ${shownName(domain)} at once: its guest may lose data`,
    action: { kind: 'force-off-domain', domain: domain.uuid },
    compensation: undefined,
  };
  return { steps: [step] };
}

function requireRunning(inventory: Inventory, uuid: Uuid): Domain {
  const domain = requireDomain(inventory, uuid);
  if (domain.active !== undefined) return domain;
  throw new DeviceError('InvalidState', `domain ${shownName(domain)} is not running`, { details: domainArgs(domain) });
}
