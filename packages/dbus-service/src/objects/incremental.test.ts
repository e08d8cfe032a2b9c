// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  emptyReading,
  formatVgpuKey,
  parseMdevTypeId,
  parseParentName,
  parseUuid,
  readAgain,
  readInventory,
  type Hostdev,
  type MdevDefinition,
} from '@vgpu/core';
import { SeededRandom, type InMemoryHost } from '@vgpu/core/testing';
import { expect, it } from 'vitest';
import { diffObjects } from '../host/diff.js';
import { hostFile, makeDomain, makeHost } from '../testing/hosts.js';
import { buildObjects, ObjectBuilder } from './build-objects.js';
import type { ManagerState } from './manager.js';

const seed = Number(process.env['FUZZ_SEED'] || 1);
const steps = Number(process.env['FUZZ_ITERATIONS'] || 300);
const gpu = '0000:00:02.0';
const manager: ManagerState = {
  version: '1',
  libvirtUri: 'qemu:///system',
  libvirtVersion: undefined,
  mdevctlVersion: undefined,
  connected: true,
  stale: false,
  lastRefreshUsec: 0n,
};

function uuidOf(number: number) {
  return parseUuid(`7686131b-b229-4768-a02c-${String(number).padStart(12, '0')}`);
}

/** One change of any kind; what the host refuses is no change. */
async function change(host: InMemoryHost, random: SeededRandom): Promise<void> {
  const { nodeDevices, domains } = host;
  const uuid = uuidOf(random.below(12));
  const parent = parseParentName(gpu);
  const typeId = parseMdevTypeId(`i915-GVTg_V5_${random.pick([4, 8])}`);
  const definition: MdevDefinition = { uuid, parent, typeId, attributes: [] };
  const hostdevs: readonly Hostdev[] = random.pick([
    [],
    [{ kind: 'mdev', uuid, model: 'vfio-pci', display: false, ramfb: false }],
    [{ kind: 'pci', address: hostFile.pciDevices[random.below(2)]?.address, managed: true }],
  ] as unknown as readonly (readonly Hostdev[])[]);
  const devices = { hostdevs, videos: [], graphics: [], console: undefined };
  const domain = makeDomain({ uuid: uuidOf(100 + random.below(4)), name: `vm${random.below(20)}`, inactive: devices });
  const changes: readonly (() => Promise<unknown> | unknown)[] = [
    () => nodeDevices.define(definition),
    () => nodeDevices.define(definition),
    () => nodeDevices.start(definition),
    () => nodeDevices.start(definition),
    () => nodeDevices.stop(definition),
    () => nodeDevices.undefine(definition),
    () => nodeDevices.setAutostart(definition, random.below(2) === 0),
    () => domains.start(domain.uuid),
    () => domains.forceOff(domain.uuid),
    () => host.behindItsBack((editor) => editor.domains.set(domain.uuid, domain)),
    () => host.behindItsBack((editor) => editor.domains.delete(domain.uuid)),
    () => host.behindItsBack((editor) => editor.mdevs.delete(formatVgpuKey(definition))),
    () => host.unplugParent(gpu),
    () => host.plugParent(gpu),
  ];
  try {
    await random.pick(changes)();
  } catch {
    // Refused.
  }
}

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
