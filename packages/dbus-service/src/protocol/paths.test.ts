// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseMdevTypeId, parseParentName, parsePciAddress, parseUuid } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import {
  escapeLabel,
  formatDomainPath,
  formatGpuPath,
  formatParentPath,
  formatVgpuPath,
  formatVgpuTypePath,
} from './paths.js';

describe('escapeLabel', () => {
  it.each([
    ['', '_'],
    ['mtty', 'mtty'],
    ['i915-GVTg_V5_4', 'i915_2dGVTg_5fV5_5f4'],
    ['4', '_34'],
    ['a4', 'a4'],
    ['ü', '_c3_bc'],
    ['__proto__', '_5f_5fproto_5f_5f'],
  ])('%j is %s', (name, label) => {
    expect(escapeLabel(name)).toBe(label);
  });
});

describe('paths', () => {
  const uuid = parseUuid('7686131B-b229-4768-a02c-35d1dbed7c66');

  it('have PCI addresses and UUIDs with underscores, and other names escaped', () => {
    const gpu = parsePciAddress('3b:00.4');
    expect(formatGpuPath(gpu)).toBe('/me/phyllo/Vgpu1/gpu/0000_3b_00_4');
    expect(formatVgpuTypePath(gpu, parseMdevTypeId('nvidia-63'))).toBe(
      '/me/phyllo/Vgpu1/gpu/0000_3b_00_4/type/nvidia_2d63',
    );
    expect(formatParentPath(parseParentName('0000:3b:00.4'))).toBe('/me/phyllo/Vgpu1/pci/0000_3b_00_4');
    expect(formatParentPath(parseParentName('my-parent'))).toBe('/me/phyllo/Vgpu1/parent/my_2dparent');
    expect(formatVgpuPath({ uuid, parent: parseParentName('mtty') })).toBe(
      '/me/phyllo/Vgpu1/vgpu/7686131b_b229_4768_a02c_35d1dbed7c66_mtty',
    );
    expect(formatDomainPath(uuid)).toBe('/me/phyllo/Vgpu1/domain/7686131b_b229_4768_a02c_35d1dbed7c66');
  });

  it('do not meet where a name looks like an escaped address', () => {
    expect(formatGpuPath(parseParentName('0000_3b_00_4'))).not.toBe(formatGpuPath(parsePciAddress('3b:00.4')));
  });
});
