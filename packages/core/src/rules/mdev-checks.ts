// SPDX-License-Identifier: LGPL-2.1-or-later
// What a change of an mdev needs, for plans as well as for the ports that carry them out.
import { DeviceError } from '../errors.js';
import type { MdevTypeId, ParentName } from '../identity/device-names.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { MdevVgpu, Vgpu } from '../model/vgpu.js';
import type { MdevId } from '../ports.js';
import { cleanDisplayText } from './display-text.js';
import { isHostdevOf } from './domain-use.js';
import { ambiguousUuid, parentsOf } from './resolve-vgpu.js';

/** @throws DeviceError NotFound */
export function requireListedMdev<Mdev extends MdevId>(mdevs: Iterable<Mdev>, id: MdevId): Mdev {
  for (const mdev of mdevs) if (mdev.uuid === id.uuid && mdev.parent === id.parent) return mdev;
  throw new DeviceError('NotFound', `vGPU ${id.uuid} does not exist under ${id.parent}`, { details: detailsOf(id) });
}

/**
 * Refuses a UUID that several parents have: libvirt names only the UUID to mdevctl, so that it would change the
 * wrong device, or both.
 * @param unwanted the parent whose vGPU is to be removed, where one is
 * @throws DeviceError Ambiguous
 */
export function requireUniqueUuid(vgpus: Iterable<MdevId>, uuid: Uuid, unwanted?: ParentName): void {
  const found = [...vgpus].filter((vgpu) => vgpu.uuid === uuid);
  if (found.length > 1) throw ambiguousUuid(uuid, parentsOf(found), unwanted);
}

/**
 * Never make a pair of equal UUIDs under two parents, not even with an inactive definition.
 * @throws DeviceError AlreadyExists; details.parents names them
 */
export function requireUnusedUuid(vgpus: Iterable<MdevId>, uuid: Uuid): void {
  const parents = [...vgpus].filter((vgpu) => vgpu.uuid === uuid).map((vgpu) => vgpu.parent);
  if (parents.length === 0) return;
  throw new DeviceError('AlreadyExists', `vGPU ${uuid} exists already under ${parents.join(', ')}`, {
    details: { uuid, parents },
  });
}

/** @throws DeviceError InvalidState when nobody knows what would be changed */
export function requireReadable(mdev: Pick<MdevVgpu, 'uuid' | 'parent' | 'unreadable'>): void {
  if (mdev.unreadable !== true) return;
  throw new DeviceError(
    'InvalidState',
    `vGPU ${mdev.uuid} has a definition that libvirt cannot show: repair it with mdevctl modify`,
    { details: detailsOf(mdev) },
  );
}

/** @throws DeviceError InvalidState when it is gone after it stops, or never was stored */
export function requirePersistent(mdev: Pick<MdevVgpu, 'uuid' | 'parent' | 'persistent'>): void {
  if (mdev.persistent) return;
  throw new DeviceError('InvalidState', `vGPU ${mdev.uuid} is transient: it has no definition`, {
    details: detailsOf(mdev),
  });
}

/** @throws DeviceError NotFound */
export function requireParent<Parent extends { readonly name: ParentName }>(
  parents: Iterable<Parent>,
  name: ParentName,
): Parent {
  const names: string[] = [];
  for (const parent of parents) {
    if (parent.name === name) return parent;
    names.push(parent.name);
  }
  throw unknownParent(name, names);
}

/** Names that are listed: a GPU can have a hundred virtual functions, each a parent. */
const maxListedParents = 8;

/**
 * The error for a device that makes no vGPUs.
 * @param name undefined: any was asked for
 * @param parents those that make some
 */
export function unknownParent(name: string | undefined, parents: readonly string[]): DeviceError {
  if (parents.length === 0 || name === undefined) {
    const wanted = name === undefined ? '' : `${name} makes no vGPUs: `;
    const details = name === undefined ? {} : { parent: name };
    return new DeviceError('NotFound', `${wanted}this host has no device that can make vGPUs`, { details });
  }
  const more = parents.length - maxListedParents;
  const listed = parents.slice(0, maxListedParents).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return new DeviceError('NotFound', `${name} is no device of this host that can make vGPUs: these can: ${listed}`, {
    details: { parent: name },
  });
}

/**
 * The parent's type of this id.
 * @throws DeviceError NotFound; details.types lists those the parent has
 */
export function requireType<Type extends { readonly typeId: MdevTypeId }>(
  parent: { readonly name: ParentName; readonly types: readonly Type[] },
  typeId: MdevTypeId,
): Type {
  const type = parent.types.find((candidate) => candidate.typeId === typeId);
  if (type !== undefined) return type;
  throw unknownType(parent, typeId);
}

/**
 * The error for a type that a parent does not have.
 * @param shown the type as the message shows it: text that can be no type's id is quoted
 */
export function unknownType(
  parent: { readonly name: ParentName; readonly types: readonly { readonly typeId: MdevTypeId }[] },
  shown: string,
): DeviceError {
  const types = parent.types.map((candidate) => candidate.typeId);
  const offered = types.length === 0 ? 'it has none' : `it has ${types.join(', ')}`;
  return new DeviceError('NotFound', `${parent.name} has no type ${shown}: ${offered}`, {
    details: { parent: parent.name, typeId: shown, types },
  });
}

/**
 * @param userOf tells which domain has an mdev, for the message
 * @throws DeviceError NoAvailableInstances; details.holders lists the active mdevs of the parent
 */
export function requireInstance(
  parent: { readonly name: ParentName },
  type: { readonly typeId: MdevTypeId; readonly availableInstances: number },
  mdevs: Iterable<MdevVgpu>,
  userOf: (mdev: MdevVgpu) => Domain | undefined = () => undefined,
): void {
  if (type.availableInstances > 0) return;
  const active = [...mdevs].filter((mdev) => mdev.parent === parent.name && mdev.active);
  const holders = active.map((mdev) => {
    const domain = userOf(mdev);
    const user = domain === undefined ? '' : `, used by ${cleanDisplayText(domain.name)}`;
    return `${mdev.uuid} (${mdev.typeId}${user})`;
  });
  const heldBy = holders.length === 0 ? '' : `; active are ${holders.join(', ')}`;
  throw new DeviceError(
    'NoAvailableInstances',
    `${parent.name} has no available instances of ${type.typeId}${heldBy}`,
    {
      details: { parent: parent.name, typeId: type.typeId, holders: active.map((mdev) => mdev.uuid) },
    },
  );
}

/**
 * @throws DeviceError DeviceBusy when a running domain has the vGPU, or may have it because nobody can tell what it has
 * now; details name the domain
 */
export function refuseWhileInUse(domains: readonly Domain[], vgpu: Vgpu): void {
  for (const domain of domains) {
    if (domain.active?.hostdevs.some((hostdev) => isHostdevOf(hostdev, vgpu)) === true) refuseUsedBy(vgpu, domain);
  }
  const unknown = domains.find(
    ({ active, unreadable, outdated }) => active && (unreadable === true || outdated === true),
  );
  if (unknown === undefined) return;
  const domainName = cleanDisplayText(unknown.name);
  const message = `vGPU ${vgpu.uuid} may be in use by the running domain ${domainName}, whose devices cannot be read now`;
  throw new DeviceError('DeviceBusy', message, { details: { uuid: vgpu.uuid, domain: unknown.uuid, domainName } });
}

/** @throws DeviceError DeviceBusy; details name the domain */
export function refuseUsedBy(vgpu: { readonly uuid: Uuid }, domain: Domain): never {
  const domainName = cleanDisplayText(domain.name);
  throw new DeviceError('DeviceBusy', `vGPU ${vgpu.uuid} is in use by the running domain ${domainName}`, {
    details: { uuid: vgpu.uuid, domain: domain.uuid, domainName },
  });
}

function detailsOf({ uuid, parent }: MdevId): { readonly uuid: string; readonly parent: string } {
  return { uuid, parent };
}
