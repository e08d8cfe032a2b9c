// SPDX-License-Identifier: LGPL-2.1-or-later
import { ambiguousUuid, DeviceError, parsePciAddress, parseUuid, unknownParent, type Uuid } from '@vgpu/core';
import { interfaces, publishedDomainName } from '@vgpu/dbus-service/protocol';
import type { ObjectWith, Objects } from './objects.js';

export type VgpuObject = ObjectWith<typeof interfaces.vgpu>;
export type ParentObject = ObjectWith<typeof interfaces.mdevParent>;
export type DomainObject = ObjectWith<typeof interfaces.domain>;

/** What the user wrote for a vGPU. */
export interface VgpuReference {
  readonly uuid: Uuid;
  /** undefined: whichever it is. */
  readonly parentName: string | undefined;
}

/** Every form that mdevctl takes: with hyphens or without, in braces, or as a URN. InvalidArgument for others. */
export function parseUuidArgument(text: string): Uuid {
  const bare = text.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  const digits = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i.exec(bare);
  return parseUuid(digits === null ? bare : digits.slice(1).join('-'));
}

/** A parent's name as mdevctl writes it; `00:02.0` and capital letters mean the PCI address. */
export function parseParentArgument(text: string): string {
  return /^([0-9a-f]{4}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/i.test(text) ? parsePciAddress(text) : text;
}

/** Reads UUID or UUID@PARENT; the parent may also come from --parent. InvalidArgument. */
export function parseVgpuReference(text: string, parent?: string): VgpuReference {
  const at = text.indexOf('@');
  const written = at === -1 ? undefined : parseParentArgument(text.slice(at + 1));
  const given = parent === undefined ? undefined : parseParentArgument(parent);
  if (written !== undefined && given !== undefined && written !== given) {
    throw new DeviceError('InvalidArgument', `${text} names another parent than --parent ${given}`);
  }
  return { uuid: parseUuidArgument(at === -1 ? text : text.slice(0, at)), parentName: written ?? given };
}

export function formatVgpuReference(reference: VgpuReference): string {
  return reference.parentName === undefined ? reference.uuid : `${reference.uuid}@${reference.parentName}`;
}

/** Every vGPU that the reference can mean. */
export function findVgpus(objects: Objects, reference: VgpuReference): VgpuObject[] {
  return objects
    .all(interfaces.vgpu)
    .filter(
      (vgpu) =>
        vgpu.Uuid === reference.uuid &&
        (reference.parentName === undefined || vgpu.ParentName === reference.parentName),
    );
}

/**
 * The one vGPU that the reference means. Where it can mean several, those that the command applies to come first: only
 * one of them can be active, for example. NotFound, Ambiguous.
 */
export function findVgpu(
  objects: Objects,
  reference: VgpuReference,
  applies: (vgpu: VgpuObject) => boolean = () => true,
): VgpuObject {
  const all = findVgpus(objects, reference);
  const applicable = all.filter(applies);
  const candidates = applicable.length > 0 ? applicable : all;
  const [vgpu] = candidates;
  if (vgpu === undefined) {
    const hint = 'vgpuctl list shows the active ones, vgpuctl list --defined those that are defined';
    throw new DeviceError('NotFound', `vGPU ${formatVgpuReference(reference)} does not exist; ${hint}`);
  }
  if (candidates.length > 1) throw ambiguous(reference, candidates);

  return vgpu;
}

/** The error where several vGPUs can be meant, which libvirt cannot tell apart. */
export function ambiguous({ uuid }: VgpuReference, candidates: readonly VgpuObject[]): DeviceError {
  return ambiguousUuid(
    uuid,
    candidates.map((vgpu) => vgpu.ParentName),
  );
}

/** NotFound. */
export function findParent(objects: Objects, name: string): ParentObject {
  const parent = objects.all(interfaces.mdevParent).find((candidate) => candidate.Name === name);
  if (parent === undefined) throw noSuchParent(objects, name);
  return parent;
}

/** The error for a device that makes no vGPUs: it names those that do. @param name undefined: any */
export function noSuchParent(objects: Objects, name?: string): DeviceError {
  return unknownParent(
    name,
    objects.all(interfaces.mdevParent).map((parent) => parent.Name),
  );
}

/**
 * By UUID, or by name as the service publishes it, which is the name unless it is too long or not all of it can be seen:
 * Ambiguous where several are published alike, NotFound. A UUID wins over a name that looks like it.
 */
export function findDomain(objects: Objects, nameOrUuid: string): DomainObject {
  if (nameOrUuid === '') throw new DeviceError('InvalidArgument', 'a domain has a name or a UUID, not ""');
  const domains = objects.all(interfaces.domain);
  const byUuid = domains.find((candidate) => candidate.Uuid === nameOrUuid.toLowerCase());
  if (byUuid !== undefined) return byUuid;
  const [domain, ...others] = domains.filter((candidate) => candidate.Name === nameOrUuid);
  if (domain === undefined) {
    const odd = publishedDomainName(nameOrUuid) !== nameOrUuid;
    const hint = odd
      ? 'one with such a name goes by its UUID: vgpuctl domains --uuid'
      : 'vgpuctl domains lists those that do';
    throw new DeviceError('NotFound', `domain ${nameOrUuid} does not exist; ${hint}`);
  }
  if (others.length > 0) {
    const uuids = [domain, ...others].map((candidate) => candidate.Uuid).toSorted();
    throw new DeviceError(
      'Ambiguous',
      `domain ${nameOrUuid} is how several are shown: name one by its UUID ${uuids.join(' or ')}`,
    );
  }
  return domain;
}
