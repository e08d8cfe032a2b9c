// SPDX-License-Identifier: LGPL-2.1-or-later
// What the host file `seed-page` has, and the vGPU that the tests make there.

export const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
export const parent = '0000:00:02.0';
export const typeId = 'i915-GVTg_V5_4';
export const gpuPath = '/me/phyllo/Vgpu1/gpu/0000_00_02_0';
export const pciPath = '/me/phyllo/Vgpu1/pci/0000_00_02_0';
export const vgpuPath = '/me/phyllo/Vgpu1/vgpu/7686131b_b229_4768_a02c_35d1dbed7c66_0000_00_02_0';
export const domainPath = '/me/phyllo/Vgpu1/domain/2f6d3f3e_6f2c_4b0b_9a39_5c0f6f5b8c11';
