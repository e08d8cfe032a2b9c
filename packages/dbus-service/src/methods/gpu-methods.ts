// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  isPciAddress,
  parseMdevTypeId,
  parseUuid,
  planCreateVgpu,
  quoteText,
  unknownType,
  type CreateVgpuRequest,
  type MdevParent,
  type MdevTypeId,
} from '@vgpu/core';
import { polkitActions } from '../auth/polkit-actions.js';
import { requireGpu, requireParent } from '../objects/resolve.js';
import { formatVgpuPath } from '../protocol/paths.js';
import type { ChangeInput, InterfaceMethods } from './entry.js';
import { vgpuDetails } from './needed-grants.js';

type CreateInput = ChangeInput<'me.phyllo.Vgpu1.Gpu', 'CreateVgpu'>;

export const gpuMethods: InterfaceMethods<'me.phyllo.Vgpu1.Gpu'> = {
  CreateVgpu: {
    kind: 'change',
    action: polkitActions.manageVgpus,
    details(input) {
      const request = readRequest(input);
      try {
        return vgpuDetails(planCreateVgpu(input.inventory, request, input.newUuid).created);
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        // It will be refused: without a plan nobody has chosen a parent, and the device stands for all of its own.
        const [device] = requireGpu(input.inventory, input.path);
        const { parent = device, uuid = input.newUuid() } = request;
        return { 'vgpu.uuid': uuid, 'parent.name': parent };
      }
    },
    // The UUID may be one that nobody has seen, and the parent one that only the plan has chosen.
    refused: (_details, [typeId]) => `a vGPU of type ${typeId} may not be created`,
    plan(input) {
      const plan = planCreateVgpu(input.inventory, readRequest(input), input.newUuid);
      return { plan, result: [formatVgpuPath(plan.created)] };
    },
  },
};

/** @throws DeviceError InvalidArgument, NotFound */
function readRequest({ inventory, path, args: [typeId], options }: CreateInput): CreateVgpuRequest {
  const [device, parents] = requireGpu(inventory, path);
  const chosen = options.parent === undefined ? undefined : requireParent(parents, options.parent).name;
  return {
    typeId: requireTypeId(typeId, parents),
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

/** Any text, as the name of a type, is one that the device does not have. @throws DeviceError NotFound */
function requireTypeId(text: string, [first]: readonly MdevParent[]): MdevTypeId {
  try {
    return parseMdevTypeId(text);
  } catch (error) {
    throw first === undefined ? error : unknownType(first, quoteText(text));
  }
}
