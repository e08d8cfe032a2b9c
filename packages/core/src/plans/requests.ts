// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { PciAddress } from '../identity/pci-address.js';
import type { Uuid } from '../identity/uuid.js';
import type { MdevAttribute } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import type { Plan } from './plan.js';

/** What a new vGPU shall be; absent and undefined mean the same. */
export interface CreateVgpuRequest {
  readonly typeId: MdevTypeId;
  /** Absent: the parent with the most available instances, the first in natural order among equals. */
  readonly parent?: ParentName | undefined;
  /** Only parents on this physical device: itself or its virtual functions. Absent: any. */
  readonly gpu?: PciAddress | undefined;
  /** Absent: a new one. */
  readonly uuid?: Uuid | undefined;
  /** Absent: true. false makes a transient vGPU, gone when it stops. */
  readonly persistent?: boolean | undefined;
  /** Absent: true. */
  readonly start?: boolean | undefined;
  /** Whether it starts with its parent. Absent: false. */
  readonly autostart?: boolean | undefined;
  /** Absent: none. */
  readonly attributes?: readonly MdevAttribute[] | undefined;
}

/** A plan, and which vGPU will be there after it. */
export interface CreateVgpuPlan extends Plan {
  readonly created: MdevId;
}

/** How a domain shows the vGPU's picture; more recipes come with the work that carries them out. */
export const displayRecipes = ['none'] as const;
export type DisplayRecipe = (typeof displayRecipes)[number];

export interface AssignVgpuOptions {
  /** Absent: none, a vGPU without a display. */
  readonly recipe?: DisplayRecipe | undefined;
}

export interface UnassignVgpuOptions {
  /** Whether removed video devices come back. Absent: true. */
  readonly restoreVideo?: boolean | undefined;
}
