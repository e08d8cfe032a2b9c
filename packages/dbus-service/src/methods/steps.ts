// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText, type Plan, type PlanStep, type StepArgs } from '@vgpu/core';
import type { PolkitAction } from '../auth/polkit-actions.js';
import type { Dictionary, TypedValue } from '../protocol/contract-types.js';
import { diffWithheld } from '../protocol/names.js';

type ShownStep = Pick<PlanStep, 'args' | 'severity' | 'message'> & {
  readonly id: PlanStep['id'] | typeof diffWithheld;
};

const maxMessageLength = 1000;

/** A plan's steps as they travel, type `aa{sv}`. */
export function formatSteps(plan: Plan): readonly Dictionary[] {
  return plan.steps.map(formatStep);
}

/** What Preview adds in the place of a diff. @param action without whose grant nobody sees it */
export function formatWithheldDiff(action: PolkitAction): Dictionary {
  const message = `what changes in the definition is shown to whom polkit grants ${action} without a password`;
  return formatStep({ id: diffWithheld, args: { action }, severity: 'info', message });
}

/** One step, type `a{sv}`. */
export function formatStep(step: ShownStep): Dictionary {
  return {
    id: text(step.id),
    args: {
      signature: 'a{sv}',
      value: Object.fromEntries(
        Object.entries(step.args).map(([name, value]) => [formatKey(name), formatArgument(value)]),
      ),
    },
    severity: text(step.severity),
    message: text(step.message),
  };
}

/** `domainName` is `domain_name` on the bus, as all keys there. */
function formatKey(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function formatArgument(value: StepArgs[string]): TypedValue {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return { signature: 'b', value };
  return { signature: 'as', value: value.map((item) => cleanDisplayText(item, maxMessageLength)) };
}

function text(value: string): TypedValue {
  return { signature: 's', value: cleanDisplayText(value, maxMessageLength) };
}
