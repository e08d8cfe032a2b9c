// SPDX-License-Identifier: LGPL-2.1-or-later

/** What a driver says about a type in its description file; 0 where it does not say. */
export interface MdevTypeCapabilities {
  /** Graphics memory the host's processor can reach, of one instance (GVT-g). */
  readonly lowGraphicsMemoryMiB: number;
  readonly highGraphicsMemoryMiB: number;
  readonly framebufferMiB: number;
  readonly fences: number;
  /** Largest resolution of one screen, in pixels. */
  readonly resolutionWidth: number;
  readonly resolutionHeight: number;
  readonly heads: number;
  /** Frames per second the guest may draw at most. */
  readonly frameRateLimit: number;
  /** Share of time among the vGPUs of one parent (GVT-g). */
  readonly weight: number;
  /** Most instances of the type on one parent. */
  readonly maxInstances: number;
}

type Unit = 'count' | 'MiB';
type Numbers = Exclude<keyof MdevTypeCapabilities, 'resolutionWidth' | 'resolutionHeight'>;

/** GVT-g: Linux 6.1 drivers/gpu/drm/i915/gvt/kvmgt.c; the others: NVIDIA's vGPU manager. */
const fieldByKey: ReadonlyMap<string, readonly [Numbers, Unit]> = new Map([
  ['low_gm_size', ['lowGraphicsMemoryMiB', 'MiB']],
  ['high_gm_size', ['highGraphicsMemoryMiB', 'MiB']],
  ['fence', ['fences', 'count']],
  ['weight', ['weight', 'count']],
  ['num_heads', ['heads', 'count']],
  ['frl_config', ['frameRateLimit', 'count']],
  ['framebuffer', ['framebufferMiB', 'MiB']],
  ['max_instance', ['maxInstances', 'count']],
]);
const resolutionKeys: ReadonlySet<string> = new Set(['resolution', 'max_resolution']);
const unknown: MdevTypeCapabilities = {
  lowGraphicsMemoryMiB: 0,
  highGraphicsMemoryMiB: 0,
  framebufferMiB: 0,
  fences: 0,
  resolutionWidth: 0,
  resolutionHeight: 0,
  heads: 0,
  frameRateLimit: 0,
  weight: 0,
  maxInstances: 0,
};

/**
 * Reads `low_gm_size: 128MB, fence: 4, …` and `num_heads=4, framebuffer=1024M, …`, one item a line or separated by
 * commas. Unknown items and values that are no decimal number are passed over; the first of equal keys counts.
 */
export function parseTypeDescription(description: string | undefined): MdevTypeCapabilities {
  const found: { -readonly [Key in keyof MdevTypeCapabilities]: number } = { ...unknown };
  for (const item of (description ?? '').split(/[,\n]/)) {
    const match = /^\s*(\w+)\s*[:=]\s*(\S+)\s*$/.exec(item);
    if (match === null) continue;
    const [, key = '', value = ''] = match;
    const field = fieldByKey.get(key);
    if (field !== undefined) {
      found[field[0]] ||= parseNumber(value, field[1]);
    } else if (resolutionKeys.has(key)) {
      const [, width = '0', height = '0'] = /^(\d{1,6})x(\d{1,6})$/.exec(value) ?? [];
      found.resolutionWidth ||= Number(width);
      found.resolutionHeight ||= Number(height);
    }
  }
  return found;
}

/** MiB where no unit is given; larger than a D-Bus u is unknown. */
function parseNumber(value: string, unit: Unit): number {
  const [, digits, suffix = ''] = /^(\d{1,9})([KMG]?)(?:i?B)?$/.exec(value) ?? [];
  if (digits === undefined) return 0;
  if (unit === 'count') return /^\d+$/.test(value) ? Number(digits) : 0;
  const factor = suffix === 'G' ? 1024 : suffix === 'K' ? 1 / 1024 : 1;
  const result = Math.floor(Number(digits) * factor);
  return result > 0xffff_ffff ? 0 : result;
}
