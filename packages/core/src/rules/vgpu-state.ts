// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Vgpu } from '../model/vgpu.js';

/** What a vGPU is in. */
export const vgpuStates = [
  /** The device is there and can be used. */
  'active',
  /** Stored only. */
  'inactive',
  /** Stored only, and the parent it names is not on the host. */
  'parent-missing',
] as const;
export type VgpuState = (typeof vgpuStates)[number];

export function vgpuState(vgpu: Vgpu): VgpuState {
  switch (vgpu.backing) {
    case 'mdev':
      if (vgpu.active) return 'active';
      return vgpu.parentPresent ? 'inactive' : 'parent-missing';
    case 'sriov-vf':
      return 'active';
    case 'vendor-vfio':
      return vgpu.typeNumber === 0 ? 'inactive' : 'active';
  }
}
