// SPDX-License-Identifier: LGPL-2.1-or-later

/** Intel GVT-g: all types of a parent share graphics memory and fences. */
export interface GvtgCapacityModel {
  readonly model: 'gvt-g';
  /** What comes before the number: `i915-GVTg_V5_`. */
  readonly typePrefix: string;
  /** GPU aperture in MiB, as the firmware sets it. */
  readonly apertureMiB: number;
  /** Global graphics address space in MiB; absent: 4096. */
  readonly globalGttMiB?: number | undefined;
}

/** Each type has a maximum of its own. */
export interface TimeSlicedCapacityModel {
  readonly model: 'time-sliced';
  /** While one type runs its siblings have no instance. */
  readonly homogeneous: boolean;
  readonly types: readonly { readonly id: string; readonly maxInstances: number }[];
}

export type CapacityModel = GvtgCapacityModel | TimeSlicedCapacityModel;

/** What one instance of a GVT-g type takes and shows. */
export interface GvtgType {
  readonly id: string;
  readonly lowGraphicsMemoryMiB: number;
  readonly highGraphicsMemoryMiB: number;
  readonly fences: number;
  readonly resolution: string;
  readonly weight: number;
}

// Linux 6.1 drivers/gpu/drm/i915/gvt: vgpu.c (types), gvt.h (what the host keeps).
const hostLowMiB = 128;
const hostHighMiB = 384;
const hostFences = 4;
const totalFences = 32;
const defaultGlobalGttMiB = 4096;
const gvtgTable = [
  { suffix: '1', low: 512, high: 2048, resolution: '1920x1200', weight: 16 },
  { suffix: '2', low: 256, high: 1024, resolution: '1920x1200', weight: 8 },
  { suffix: '4', low: 128, high: 512, resolution: '1920x1200', weight: 4 },
  { suffix: '8', low: 64, high: 384, resolution: '1024x768', weight: 2 },
] as const;

/** The types a GVT-g parent offers, largest first; one whose low memory does not fit at all is not offered. */
export function gvtgTypes(model: GvtgCapacityModel): readonly GvtgType[] {
  return gvtgTable
    .filter((type) => model.apertureMiB - hostLowMiB >= type.low)
    .map((type) => ({
      id: `${model.typePrefix}${type.suffix}`,
      lowGraphicsMemoryMiB: type.low,
      highGraphicsMemoryMiB: type.high,
      fences: 4,
      resolution: type.resolution,
      weight: type.weight,
    }));
}

/** A GVT-g type's description file, without the final newline. */
export function formatGvtgDescription(type: GvtgType): string {
  return [
    `low_gm_size: ${type.lowGraphicsMemoryMiB}MB`,
    `high_gm_size: ${type.highGraphicsMemoryMiB}MB`,
    `fence: ${type.fences}`,
    `resolution: ${type.resolution}`,
    `weight: ${type.weight}`,
  ].join('\n');
}

/**
 * How many more of each type a parent can make while these run, by type.
 * @param active the types of all active mdevs of the parent, one item each; unknown types take nothing
 */
export function availableInstances(model: CapacityModel, active: readonly string[]): ReadonlyMap<string, number> {
  switch (model.model) {
    case 'gvt-g':
      return gvtgInstances(model, active);
    case 'time-sliced':
      return timeSlicedInstances(model, active);
  }
}

function gvtgInstances(model: GvtgCapacityModel, active: readonly string[]): ReadonlyMap<string, number> {
  const types = gvtgTypes(model);
  let low = model.apertureMiB - hostLowMiB;
  let high = (model.globalGttMiB ?? defaultGlobalGttMiB) - model.apertureMiB - hostHighMiB;
  let fences = totalFences - hostFences;
  for (const id of active) {
    const type = types.find((candidate) => candidate.id === id);
    if (type === undefined) continue;
    low -= type.lowGraphicsMemoryMiB;
    high -= type.highGraphicsMemoryMiB;
    fences -= type.fences;
  }
  return new Map(
    types.map((type) => {
      const fitting = Math.min(
        Math.floor(low / type.lowGraphicsMemoryMiB),
        Math.floor(high / type.highGraphicsMemoryMiB),
        Math.floor(fences / type.fences),
      );
      return [type.id, Math.max(0, fitting)];
    }),
  );
}

function timeSlicedInstances(model: TimeSlicedCapacityModel, active: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    model.types.map(({ id, maxInstances }) => {
      const own = active.filter((other) => other === id).length;
      const blocked = model.homogeneous && own < active.length;
      return [id, blocked ? 0 : Math.max(0, maxInstances - own)];
    }),
  );
}
