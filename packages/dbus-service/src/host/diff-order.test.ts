// SPDX-License-Identifier: LGPL-2.1-or-later
import { readInventory } from '@vgpu/core';
import { SeededRandom, type HostFile } from '@vgpu/core/testing';
import { expect, it } from 'vitest';
import { buildObjects } from '../objects/build-objects.js';
import type { ManagerState } from '../objects/manager.js';
import { ClientCopy } from '../testing/client-copy.js';
import { hostFile, makeDomain, makeHost, managerState as manager } from '../testing/hosts.js';
import { change } from '../testing/random-change.js';
import { diffObjects } from './diff.js';
import type { PublishedObjects } from './published.js';

const seed = Number(process.env['FUZZ_SEED'] || 1);
const steps = Number(process.env['FUZZ_ITERATIONS'] || 150);

const [gpu, bridge] = hostFile.pciDevices;
if (gpu === undefined || bridge === undefined) throw new Error('no devices');
const withoutGpu: HostFile = { ...hostFile, pciDevices: [bridge], parents: [] };

/** A host as it is after each of some changes, one without its GPU, and nothing at all. */
async function snapshots(random: SeededRandom): Promise<readonly PublishedObjects[]> {
  const host = makeHost([], hostFile);
  const states: PublishedObjects[] = [new Map(), buildObjects(await readInventory(makeHost([], withoutGpu)), manager)];
  for (let step = 0; step < steps; step += 1) {
    await change(host, random);
    const state = { ...manager, connected: random.below(2) === 0, stale: random.below(2) === 0 };
    states.push(buildObjects(await readInventory(host), state));
  }
  return states;
}

it(`no property ever names an object that a client does not know (FUZZ_SEED=${seed})`, async () => {
  const random = new SeededRandom(seed);
  const states = await snapshots(random);
  let before = states[0] ?? new Map();
  for (let step = 0; step < steps; step += 1) {
    const after = random.pick(states);
    const copy = new ClientCopy(before);
    for (const signal of diffObjects(before, after)) {
      copy.apply(signal);
      const [named] = signal.body.values;
      expect(copy.dangling(), `after ${signal.member} of ${signal.path}, ${named}, in step ${step}`).toEqual([]);
    }
    expect(copy.objects, `the copy after step ${step}`).toEqual(new ClientCopy(after).objects);
    before = after;
  }
});

const objectsOf = async (host: ReturnType<typeof makeHost>, changes: Partial<ManagerState>) =>
  buildObjects(await readInventory(host), { ...manager, ...changes });
const oneMore = () => makeHost([makeDomain()]);
const membersOf = (before: PublishedObjects, after: PublishedObjects) =>
  diffObjects(before, after).map(({ member, path }) => `${member} ${path.slice(path.lastIndexOf('/') + 1)}`);

it.each(['stale', 'connected'] as const)('%s: getting better is said last, getting worse first', async (property) => {
  const worse = { [property]: property === 'stale' };
  const bad = await objectsOf(makeHost([]), worse);
  const good = await objectsOf(oneMore(), {});
  expect(membersOf(bad, good)).toEqual(['InterfacesAdded Vgpu1', 'PropertiesChanged manager']);
  expect(membersOf(good, bad)).toEqual(['PropertiesChanged manager', 'InterfacesRemoved Vgpu1']);
});
