// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText, domainInUse, domainsAssigned, vgpuState, type MdevVgpu } from '@vgpu/core';
import type { PropertiesOf } from '../protocol/members.js';
import { noObject } from '../protocol/names.js';
import {
  formatDomainPath,
  formatGpuPath,
  formatIommuGroupPath,
  formatParentPath,
  formatVgpuTypePath,
} from '../protocol/paths.js';
import { shownText } from './text.js';
import { gpuOfParent, type Topology } from './topology.js';

const maxAttributeLength = 1024;

export function vgpuProperties({ inventory }: Topology, vgpu: MdevVgpu): PropertiesOf<'me.phyllo.Vgpu1.Vgpu'> {
  const parent = inventory.parents.get(vgpu.parent);
  const type = parent?.types.find((candidate) => candidate.typeId === vgpu.typeId);
  const gpu = parent === undefined ? undefined : gpuOfParent(inventory, parent);
  const user = domainInUse(inventory, vgpu);
  return {
    Uuid: vgpu.uuid,
    DisplayName: `${shownText(type?.name) || vgpu.typeId} ${vgpu.uuid.slice(0, 8)}`,
    Backing: vgpu.backing,
    Gpu: gpu === undefined ? noObject : formatGpuPath(gpu),
    Parent: parent === undefined ? noObject : formatParentPath(parent.name),
    ParentName: vgpu.parent,
    Type: gpu === undefined || type === undefined ? noObject : formatVgpuTypePath(gpu, type.typeId),
    TypeId: vgpu.typeId,
    Active: vgpu.active,
    Persistent: vgpu.persistent,
    Autostart: vgpu.autostart,
    Attributes: vgpu.attributes.map(([name, value]) => [
      cleanDisplayText(name, maxAttributeLength),
      cleanDisplayText(value, maxAttributeLength),
    ]),
    State: vgpuState(vgpu),
    IommuGroup: vgpu.iommuGroup === undefined ? noObject : formatIommuGroupPath(vgpu.iommuGroup),
    Domains: domainsAssigned(inventory, vgpu).map((domain) => formatDomainPath(domain.uuid)),
    InUseBy: user === undefined ? noObject : formatDomainPath(user.uuid),
  };
}
