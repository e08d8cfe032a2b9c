// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  formatVgpuKey,
  parseMdevTypeId,
  parseParentName,
  parseUuid,
  type Hostdev,
  type MdevDefinition,
} from '@vgpu/core';
import type { InMemoryHost, SeededRandom } from '@vgpu/core/testing';
import { hostFile, makeDomain } from './hosts.js';

const gpu = '0000:00:02.0';

function uuidOf(number: number) {
  return parseUuid(`7686131b-b229-4768-a02c-${String(number).padStart(12, '0')}`);
}

/** One change of a host made of `hostFile`, of any kind; what the host refuses is no change. */
export async function change(host: InMemoryHost, random: SeededRandom): Promise<void> {
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
