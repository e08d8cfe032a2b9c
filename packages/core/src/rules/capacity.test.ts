// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { availableInstances, formatGvtgDescription, gvtgTypes, type GvtgCapacityModel } from './capacity.js';

const gvtg = (apertureMiB: number): GvtgCapacityModel => ({ model: 'gvt-g', typePrefix: 'V5_', apertureMiB });
const count = (apertureMiB: number, active: readonly string[] = []) =>
  Object.fromEntries(availableInstances(gvtg(apertureMiB), active));

describe('GVT-g capacity', () => {
  it.each([
    [128, {}],
    [256, { V5_4: 1, V5_8: 2 }],
    [512, { V5_2: 1, V5_4: 3, V5_8: 6 }],
    [1024, { V5_1: 1, V5_2: 2, V5_4: 5, V5_8: 7 }],
    [2048, { V5_1: 0, V5_2: 1, V5_4: 3, V5_8: 4 }],
  ])('with %i MiB of aperture is what machines report', (apertureMiB, expected) => {
    expect(count(apertureMiB)).toEqual(expected);
  });

  it('moves the counts of all types together', () => {
    expect(count(1024, ['V5_4'])).toEqual({ V5_1: 1, V5_2: 2, V5_4: 4, V5_8: 5 });
    expect(count(1024, ['V5_1'])).toEqual({ V5_1: 0, V5_2: 0, V5_4: 1, V5_8: 1 });
  });

  it('proves that two V5_4 and one V5_8 fit', () => {
    expect(count(1024, ['V5_4', 'V5_4', 'V5_8'])).toMatchObject({ V5_4: 2 });
  });

  it('lets every type be started as often as it says, and no more', () => {
    for (const apertureMiB of [256, 512, 1024, 2048]) {
      for (const [type, instances] of availableInstances(gvtg(apertureMiB), [])) {
        const active = Array.from({ length: instances }, () => type);
        expect(count(apertureMiB, active)[type]).toBe(0);
        expect(count(apertureMiB, active.slice(1))[type]).toBe(Math.min(1, instances));
      }
    }
  });

  it('never grows when one more runs, and never falls below 0', () => {
    const types = ['V5_1', 'V5_2', 'V5_4', 'V5_8'];
    let active: string[] = [];
    let before = count(1024);
    for (let round = 0; round < 12; round += 1) {
      active = [...active, types[(round * 7) % 4] ?? ''];
      const after = count(1024, active);
      for (const type of types) {
        expect(after[type]).toBeLessThanOrEqual(before[type] ?? 0);
        expect(after[type]).toBeGreaterThanOrEqual(0);
      }
      before = after;
    }
  });

  it('writes descriptions as the driver does', () => {
    expect(gvtgTypes(gvtg(1024)).map(formatGvtgDescription)[2]).toBe(
      'low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4',
    );
  });
});

describe('time-sliced capacity', () => {
  const types = [
    { id: 'nvidia-63', maxInstances: 8 },
    { id: 'nvidia-64', maxInstances: 4 },
  ];

  it('homogeneous: the siblings of a running type have none', () => {
    const model = { model: 'time-sliced', homogeneous: true, types } as const;
    expect(Object.fromEntries(availableInstances(model, []))).toEqual({ 'nvidia-63': 8, 'nvidia-64': 4 });
    expect(Object.fromEntries(availableInstances(model, ['nvidia-63']))).toEqual({ 'nvidia-63': 7, 'nvidia-64': 0 });
  });

  it('heterogeneous: every type counts for itself', () => {
    const model = { model: 'time-sliced', homogeneous: false, types } as const;
    const active = ['nvidia-64', 'nvidia-64', 'nvidia-64', 'nvidia-64', 'nvidia-64'];
    expect(Object.fromEntries(availableInstances(model, active))).toEqual({ 'nvidia-63': 8, 'nvidia-64': 0 });
  });
});
