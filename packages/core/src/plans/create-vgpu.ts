// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import type { PciAddress } from '../identity/pci-address.js';
import type { Uuid } from '../identity/uuid.js';
import type { Inventory } from '../model/inventory.js';
import type { MdevParent } from '../model/parent.js';
import { checkMdevAttributes } from '../rules/mdev-attributes.js';
import { requireType, requireUnusedUuid, unknownParent } from '../rules/mdev-checks.js';
import { driverIn, requireFreeInstance } from './checks.js';
import type { PlanStep } from './plan.js';
import type { CreateVgpuPlan, CreateVgpuRequest } from './requests.js';
import { defineMdevStep, setAutostartStep, startMdevStep, undefineMdevStep } from './step.js';

/**
 * Define, start and autostart as asked; a transient vGPU is defined, started and undefined.
 * @param newUuid called only when the request names none
 * @throws DeviceError InvalidArgument (wishes that contradict each other, attributes), NotFound (parent, GPU, type),
 * AlreadyExists (the UUID, under any parent), NoAvailableInstances
 */
export function planCreateVgpu(inventory: Inventory, request: CreateVgpuRequest, newUuid: () => Uuid): CreateVgpuPlan {
  const { persistent = true, start = true, autostart = false, attributes = [] } = request;
  if (!persistent && !start) {
    throw new DeviceError('InvalidArgument', 'a vGPU that is neither persistent nor started would not exist');
  }
  if (!persistent && autostart) {
    throw new DeviceError('InvalidArgument', 'a transient vGPU cannot start with its parent: it has no definition');
  }
  const parent = chooseParent(inventory, request);
  const type = requireType(parent, request.typeId);
  checkMdevAttributes(attributes, driverIn(inventory, parent.name));
  const uuid = request.uuid ?? newUuid();
  requireUnusedUuid(inventory.vgpus.values(), uuid);
  if (start) requireFreeInstance(inventory, parent, type);

  const created = { uuid, parent: parent.name };
  const definition = { ...created, typeId: type.typeId, attributes };
  const steps: PlanStep[] = [defineMdevStep(definition)];
  if (start) steps.push(startMdevStep(created));
  if (!persistent) steps.push(undefineMdevStep(definition));
  if (autostart) steps.push(setAutostartStep(created, true));
  return { created, steps };
}

function chooseParent(inventory: Inventory, request: CreateVgpuRequest): MdevParent {
  const candidates = [...inventory.parents.values()].filter(
    (parent) =>
      (request.parent === undefined || parent.name === request.parent) &&
      (request.gpu === undefined || isOnGpu(inventory, parent, request.gpu)),
  );
  const [first] = candidates;
  if (first === undefined) throw missingParent(inventory, request);
  const available = (parent: MdevParent) =>
    parent.types.find((type) => type.typeId === request.typeId)?.availableInstances ?? -1;
  return candidates.reduce((best, parent) => (available(parent) > available(best) ? parent : best), first);
}

function isOnGpu(inventory: Inventory, parent: MdevParent, gpu: PciAddress): boolean {
  if (parent.pciAddress === undefined) return false;
  return parent.pciAddress === gpu || inventory.pciDevices.get(parent.pciAddress)?.physicalFunction === gpu;
}

function missingParent(inventory: Inventory, { parent, gpu }: CreateVgpuRequest): DeviceError {
  if (parent !== undefined && gpu !== undefined) {
    return new DeviceError('NotFound', `${parent} is not on this host, or not on ${gpu}`, { details: { parent, gpu } });
  }
  return unknownParent(parent ?? gpu, [...inventory.parents.keys()]);
}
