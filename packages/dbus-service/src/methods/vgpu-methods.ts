// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  planDefineVgpu,
  planSetAutostart,
  planStartVgpu,
  planStopVgpu,
  planUndefineVgpu,
  type Inventory,
  type MdevId,
  type Plan,
} from '@vgpu/core';
import { polkitActions } from '../auth/polkit-actions.js';
import { requireVgpu } from '../objects/resolve.js';
import type { InterfaceMethods } from './entry.js';
import { vgpuDetails, type GrantDetails } from './needed-grants.js';

type Target = { readonly inventory: Inventory; readonly path: string };

/** A method without arguments of its own. */
function simple(planner: (inventory: Inventory, vgpu: MdevId) => Plan) {
  return {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details: targetDetails,
    plan: ({ inventory, path }: Target) => ({
      plan: planner(inventory, requireVgpu(inventory, path)),
      result: [] as const,
    }),
  } as const;
}

function targetDetails({ inventory, path }: Target): GrantDetails {
  return vgpuDetails(requireVgpu(inventory, path));
}

export const vgpuMethods: InterfaceMethods<'me.phyllo.Vgpu1.Vgpu'> = {
  Start: simple(planStartVgpu),
  Stop: simple(planStopVgpu),
  Define: simple(planDefineVgpu),
  Undefine: simple(planUndefineVgpu),
  SetAutostart: {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details: targetDetails,
    plan: ({ inventory, path, args: [autostart] }) => ({
      plan: planSetAutostart(inventory, requireVgpu(inventory, path), autostart),
      result: [],
    }),
  },
};
