// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '../model/domain.js';
import type { MdevDefinition, MdevId } from '../ports.js';
import { cleanDisplayText } from '../rules/display-text.js';
import type { PlanStep } from './plan.js';

/** A domain's name as messages and args show it. */
export function shownName(domain: Domain): string {
  return cleanDisplayText(domain.name);
}

/** Identifiers of a domain for args and details. */
export function domainArgs(domain: Domain): { readonly domain: string; readonly domainName: string } {
  return { domain: domain.uuid, domainName: shownName(domain) };
}

/** Identifiers of several domains for args and details. */
export function domainsArgs(domains: readonly Domain[]): {
  readonly domains: readonly string[];
  readonly domainNames: readonly string[];
} {
  return { domains: domains.map((domain) => domain.uuid), domainNames: domains.map(shownName) };
}

export function mdevArgs(mdev: MdevId): { readonly uuid: string; readonly parent: string } {
  return { uuid: mdev.uuid, parent: mdev.parent };
}

/** Only what identifies the mdev, so that actions stay small data. */
export function toMdevId({ uuid, parent }: MdevId): MdevId {
  return { uuid, parent };
}

export function note(
  id: PlanStep['id'] & `note-${string}`,
  severity: PlanStep['severity'],
  message: string,
  args: PlanStep['args'],
): PlanStep {
  return { id, severity, message, args, action: undefined, compensation: undefined };
}

export function defineMdevStep(definition: MdevDefinition): PlanStep {
  return {
    id: 'define-mdev',
    args: { ...mdevArgs(definition), typeId: definition.typeId },
    severity: 'info',
    message: `define ${definition.uuid} of type ${definition.typeId} under ${definition.parent}`,
    action: { kind: 'define-mdev', definition },
    compensation: { kind: 'undefine-mdev', mdev: toMdevId(definition) },
  };
}

export function startMdevStep(id: MdevId): PlanStep {
  const mdev = toMdevId(id);
  return {
    id: 'start-mdev',
    args: mdevArgs(mdev),
    severity: 'info',
    message: `start ${mdev.uuid} under ${mdev.parent}`,
    action: { kind: 'start-mdev', mdev },
    compensation: { kind: 'stop-mdev', mdev },
  };
}

export function undefineMdevStep(definition: MdevDefinition): PlanStep {
  const mdev = toMdevId(definition);
  return {
    id: 'undefine-mdev',
    args: mdevArgs(mdev),
    severity: 'info',
    message: `remove the definition of ${mdev.uuid} under ${mdev.parent}`,
    action: { kind: 'undefine-mdev', mdev },
    compensation: { kind: 'define-mdev', definition },
  };
}

export function setAutostartStep(id: MdevId, autostart: boolean): PlanStep {
  const mdev = toMdevId(id);
  return {
    id: 'set-autostart',
    args: { ...mdevArgs(mdev), autostart },
    severity: 'info',
    message: `${autostart ? 'start' : 'do not start'} ${mdev.uuid} together with ${mdev.parent}`,
    action: { kind: 'set-autostart', mdev, autostart },
    compensation: { kind: 'set-autostart', mdev, autostart: !autostart },
  };
}
