// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { formatGvtgDescription, gvtgTypes } from './capacity.js';
import { parseTypeDescription } from './type-description.js';

const nothing = parseTypeDescription(undefined);

describe('parseTypeDescription', () => {
  it('reads what GVT-g writes, by lines as in sysfs and by commas as mdevctl prints it', () => {
    const [, , type] = gvtgTypes({ model: 'gvt-g', typePrefix: 'V5_', apertureMiB: 1024 });
    const text = type === undefined ? '' : formatGvtgDescription(type);
    const expected = {
      ...nothing,
      lowGraphicsMemoryMiB: 128,
      highGraphicsMemoryMiB: 512,
      fences: 4,
      resolutionWidth: 1920,
      resolutionHeight: 1200,
      weight: 4,
    };
    expect(parseTypeDescription(text)).toEqual(expected);
    expect(parseTypeDescription(text.replaceAll('\n', ', '))).toEqual(expected);
  });

  it('reads what NVIDIA writes', () => {
    const text = 'num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880, max_instance=16';
    expect(parseTypeDescription(text)).toEqual({
      ...nothing,
      heads: 4,
      frameRateLimit: 45,
      framebufferMiB: 1024,
      resolutionWidth: 5120,
      resolutionHeight: 2880,
      maxInstances: 16,
    });
  });

  it('is 0 for what is not said', () => {
    expect(new Set(Object.values(nothing))).toEqual(new Set([0]));
    expect(parseTypeDescription('')).toEqual(nothing);
    expect(parseTypeDescription('2 ports')).toEqual(nothing);
  });

  it.each([
    'framebuffer=',
    'framebuffer=-1M',
    'framebuffer=1e9M',
    'framebuffer=0x10M',
    'framebuffer=99999999999M',
    'fence: 4MB',
    'fence: 4B',
    'resolution: 1920',
    'resolution: 1920x',
    'constructor=3',
    '__proto__=3',
    'num_heads=four',
  ])('takes no value from %j', (text) => {
    expect(parseTypeDescription(text)).toEqual(nothing);
  });

  it('understands other units of memory', () => {
    expect(parseTypeDescription('framebuffer=2G').framebufferMiB).toBe(2048);
    expect(parseTypeDescription('framebuffer=512MiB').framebufferMiB).toBe(512);
    expect(parseTypeDescription('framebuffer=2048K').framebufferMiB).toBe(2);
  });

  it('counts the first of equal keys', () => {
    expect(parseTypeDescription('fence: 4, fence: 8').fences).toBe(4);
  });
});
