// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DomainPort } from '../ports.js';
import type { Plan } from './plan.js';

/**
 * The unified diff of all domain documents a plan would change, secrets redacted; empty when it changes none.
 * Changes nothing. @throws DeviceError as DomainPort.preview
 */
export async function previewPlan(plan: Plan, domains: Pick<DomainPort, 'preview'>): Promise<string> {
  const diffs: string[] = [];
  for (const { action } of plan.steps) {
    if (action?.kind === 'edit-domain') diffs.push((await domains.preview(action.domain, action.edits)).diff);
  }
  return diffs.join('');
}
