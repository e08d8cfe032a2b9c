// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  displayRecipes,
  planAssignVgpu,
  planForceOffDomain,
  planShutdownDomain,
  planStartDomain,
  planUnassignVgpu,
  quoteText,
  type DisplayRecipe,
  type Inventory,
  type Plan,
  type Uuid,
} from '@vgpu/core';
import { polkitActions } from '../auth/polkit-actions.js';
import { requireAssignedVgpu, requireDomain, requireVgpu } from '../objects/resolve.js';
import type { InterfaceMethods } from './entry.js';
import { domainDetails, vgpuDetails, type GrantDetails } from './needed-grants.js';
import { formatSteps } from './steps.js';

type Target = { readonly inventory: Inventory; readonly path: string };

function targetDetails({ inventory, path }: Target): GrantDetails {
  return domainDetails(requireDomain(inventory, path));
}

type AssignTarget = Target & { readonly args: readonly [string, ...unknown[]] };

function assignDetails(input: AssignTarget): GrantDetails {
  return { ...targetDetails(input), ...vgpuDetails(requireVgpu(input.inventory, input.args[0])) };
}

function unassignDetails(input: AssignTarget): GrantDetails {
  const { inventory, path, args } = input;
  const { uuid, parent } = requireAssignedVgpu(inventory, requireDomain(inventory, path), args[0]);
  return { ...targetDetails(input), 'vgpu.uuid': uuid, ...(parent === undefined ? {} : { 'parent.name': parent }) };
}

/** A method without arguments of its own; `done` is what it does to a machine. */
function power(done: string, planner: (inventory: Inventory, domain: Uuid) => Plan) {
  return {
    kind: 'change',
    action: polkitActions.manageDomains,
    details: targetDetails,
    refused: (details: GrantDetails) => `domain ${details['domain.name']} may not be ${done}`,
    plan: ({ inventory, path }: Target) => ({
      plan: planner(inventory, requireDomain(inventory, path).uuid),
      result: [] as const,
    }),
  } as const;
}

export const domainMethods: InterfaceMethods<'me.phyllo.Vgpu1.Domain'> = {
  AssignVgpu: {
    kind: 'change',
    action: polkitActions.assign,
    details: assignDetails,
    refused: (details) => `vGPU ${details['vgpu.uuid']} may not be assigned to ${details['domain.name']}`,
    plan({ inventory, path, args: [vgpu], options }) {
      const domain = requireDomain(inventory, path).uuid;
      const recipe = options.recipe === undefined ? undefined : parseRecipe(options.recipe);
      const plan = planAssignVgpu(inventory, requireVgpu(inventory, vgpu), domain, { recipe });
      return { plan, result: [formatSteps(plan)] };
    },
  },
  UnassignVgpu: {
    kind: 'change',
    action: polkitActions.assign,
    details: unassignDetails,
    refused: (details) => `vGPU ${details['vgpu.uuid']} may not be unassigned from ${details['domain.name']}`,
    plan({ inventory, path, args: [vgpu], options }) {
      const domain = requireDomain(inventory, path);
      const restoreVideo = options.restore_video;
      const assigned = requireAssignedVgpu(inventory, domain, vgpu);
      const plan = planUnassignVgpu(inventory, assigned, domain.uuid, { restoreVideo });
      return { plan, result: [formatSteps(plan)] };
    },
  },
  Start: power('started', planStartDomain),
  // Somebody whose guest must end is not to wait for node devices.
  Shutdown: { ...power('shut down', planShutdownDomain), reads: 'domains' },
  // Nor for the definition of a machine that hangs: libvirt 11 does not read it while a shutdown is under way.
  ForceOff: { ...power('forced off', planForceOffDomain), reads: 'last-seen' },
};

/** @throws DeviceError InvalidArgument */
function parseRecipe(text: string): DisplayRecipe {
  const recipe = displayRecipes.find((candidate) => candidate === text);
  if (recipe !== undefined) return recipe;
  const known = displayRecipes.map((name) => `"${name}"`).join(' or ');
  throw new DeviceError('InvalidArgument', `recipe ${quoteText(text)} is not known: it can be ${known}`);
}
