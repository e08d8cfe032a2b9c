// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type Inventory, type MdevId, type PlanAction } from '@vgpu/core';
import { polkitActions, type PolkitAction } from '../auth/polkit-actions.js';
import { isPublishedExactly } from '../protocol/domain-name.js';
import type { PlannedChange } from './entry.js';
import type { AnyChangeInput, AnyChangingMethod } from './table.js';

/** An action, and what it is done to: what polkit is asked. */
export interface NeededGrant {
  readonly action: PolkitAction;
  readonly details: GrantDetails;
}

/** vgpu.uuid, parent.name, domain.uuid, domain.name. */
export type GrantDetails = Readonly<Record<string, string>>;

/** What the plan of a call tells before anybody is asked. */
export interface Needs {
  /**
   * Everything the call needs, each once: the method's own action, and that of every step of another kind (the start of
   * a machine may start its vGPUs). Where no plan can be made, the method's own alone.
   */
  readonly grants: readonly NeededGrant[];
  /** Why there is no plan: no grant makes this call work, unless the host is another one than was last seen. */
  readonly refused: DeviceError | undefined;
}

/** @throws DeviceError NotFound: the object is not there */
export function needsOf(method: AnyChangingMethod, input: AnyChangeInput): Needs {
  const grants: NeededGrant[] = [{ action: method.action, details: method.details(input) }];
  const planned = tryPlan(method, input);
  if (planned instanceof DeviceError) return { grants, refused: planned };
  for (const step of planned.plan.steps) {
    const grant = step.action === undefined ? undefined : grantOf(step.action, method.action, input.inventory);
    if (grant !== undefined && !grants.some((known) => grantKey(known) === grantKey(grant))) grants.push(grant);
  }
  return { grants, refused: undefined };
}

/** Equal for equal grants. */
export function grantKey({ action, details }: NeededGrant): string {
  return JSON.stringify([action, Object.entries(details).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

export function vgpuDetails({ uuid, parent }: MdevId): GrantDetails {
  return { 'vgpu.uuid': uuid, 'parent.name': parent };
}

/** A name that is not published exactly may look like another machine's, which rules and people would take it for. */
export function domainDetails({ uuid, name }: { readonly uuid: string; readonly name: string }): GrantDetails {
  return { 'domain.uuid': uuid, 'domain.name': isPublishedExactly(name) ? name : uuid };
}

function tryPlan(method: AnyChangingMethod, input: AnyChangeInput): PlannedChange<readonly unknown[]> | DeviceError {
  try {
    return method.plan(input);
  } catch (error) {
    if (error instanceof DeviceError) return error;
    throw error;
  }
}

function grantOf(step: PlanAction, own: PolkitAction, inventory: Inventory): NeededGrant | undefined {
  switch (step.kind) {
    case 'define-mdev':
      return { action: polkitActions.manageVgpus, details: vgpuDetails(step.definition) };
    case 'start-mdev':
    case 'stop-mdev':
    case 'undefine-mdev':
    case 'set-autostart':
      return { action: polkitActions.manageVgpus, details: vgpuDetails(step.mdev) };
    case 'edit-domain':
    case 'start-domain':
    case 'shutdown-domain':
    case 'force-off-domain': {
      const action = step.kind === 'edit-domain' ? polkitActions.assign : polkitActions.manageDomains;
      // The method's own details name the domain already, and more than it.
      if (action === own) return undefined;
      const domain = inventory.domains.get(step.domain);
      return { action, details: domainDetails(domain ?? { uuid: step.domain, name: '' }) };
    }
  }
}
