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

/** A method without arguments of its own; `done` is what it does to a vGPU. */
function simple(done: string, planner: (inventory: Inventory, vgpu: MdevId) => Plan) {
  return {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details: targetDetails,
    refused: (details: GrantDetails) => `vGPU ${details['vgpu.uuid']} may not be ${done}`,
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
  Start: simple('started', planStartVgpu),
  Stop: simple('stopped', planStopVgpu),
  Define: simple('defined', planDefineVgpu),
  Undefine: simple('undefined', planUndefineVgpu),
  SetAutostart: {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details: targetDetails,
    refused: (details) => `vGPU ${details['vgpu.uuid']} may not have its autostart changed`,
    plan: ({ inventory, path, args: [autostart] }) => ({
      plan: planSetAutostart(inventory, requireVgpu(inventory, path), autostart),
      result: [],
    }),
  },
};
