// SPDX-License-Identifier: LGPL-2.1-or-later
import { emptyReading, readAgain, readInventory } from '@vgpu/core';
import { SeededRandom } from '@vgpu/core/testing';
import { expect, it } from 'vitest';
import { diffObjects } from '../host/diff.js';
import { hostFile, makeHost, managerState as manager } from '../testing/hosts.js';
import { change } from '../testing/random-change.js';
import { buildObjects, ObjectBuilder } from './build-objects.js';

const seed = Number(process.env['FUZZ_SEED'] || 1);
const steps = Number(process.env['FUZZ_ITERATIONS'] || 300);

it(`what changed step by step is what everything read and made anew is (FUZZ_SEED=${seed})`, async () => {
  const random = new SeededRandom(seed);
  const host = makeHost([], hostFile);
  const builder = new ObjectBuilder();
  let reading = emptyReading;
  let before = builder.build(reading.inventory, manager);
  for (let step = 0; step < steps; step += 1) {
    await change(host, random);
    reading = await readAgain(host, reading, random.below(10) === 0 ? 'everything' : 'some');
    const whole = await readInventory({ nodeDevices: host.nodeDevices, domains: host.domains, facts: host.facts });
    for (const map of ['pciDevices', 'iommuGroups', 'parents', 'vgpus', 'domains'] as const) {
      expect([...reading.inventory[map]], `${map} after step ${step}`).toEqual([...whole[map]]);
    }
    const after = builder.build(reading.inventory, manager);
    expect(after, `objects after step ${step}`).toEqual(buildObjects(whole, manager));
    // No object that stays the same says something else.
    expect(diffObjects(before, after), `signals of step ${step}`).toEqual(
      diffObjects(structuredClone(before), structuredClone(after)),
    );
    before = after;
  }
});
