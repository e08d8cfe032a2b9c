// SPDX-License-Identifier: LGPL-2.1-or-later
import { randomUUID } from 'node:crypto';
import { isPciAddress, parseMdevTypeId, parseUuid, planCreateVgpu, type CreateVgpuRequest } from '@vgpu/core';
import { polkitActions } from '../auth/polkit-actions.js';
import { requireGpu, requireParent } from '../objects/resolve.js';
import { formatVgpuPath } from '../protocol/paths.js';
import type { ChangeInput, InterfaceMethods } from './entry.js';

type CreateInput = ChangeInput<'me.phyllo.Vgpu1.Gpu', 'CreateVgpu'>;

export const gpuMethods: InterfaceMethods<'me.phyllo.Vgpu1.Gpu'> = {
  CreateVgpu: {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details(input) {
      const { parent, gpu, uuid } = readRequest(input);
      const parentName = parent ?? gpu;
      return {
        ...(uuid === undefined ? {} : { 'vgpu.uuid': uuid }),
        ...(parentName === undefined ? {} : { 'parent.name': parentName }),
      };
    },
    plan(input) {
      const plan = planCreateVgpu(input.inventory, readRequest(input), () => parseUuid(randomUUID()));
      return { plan, result: [formatVgpuPath(plan.created)] };
    },
  },
};

/** @throws DeviceError InvalidArgument, NotFound */
function readRequest({ inventory, path, args: [typeId], options }: CreateInput): CreateVgpuRequest {
  const [device, parents] = requireGpu(inventory, path);
  const chosen = options.parent === undefined ? undefined : requireParent(parents, options.parent).name;
  return {
    typeId: parseMdevTypeId(typeId),
    // A device that is no PCI device is its own only parent.
    parent: chosen ?? (isPciAddress(device) ? undefined : device),
    gpu: isPciAddress(device) ? device : undefined,
    uuid: options.uuid === undefined ? undefined : parseUuid(options.uuid),
    persistent: options.persistent,
    start: options.start,
    autostart: options.autostart,
    attributes: options.attributes,
  };
}
