// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, domainStates, parseUuid, type Domain, type DomainState, type Video } from '@vgpu/core';
import type { DomainDetails } from '@vgpu/libvirt';
import { readRememberedVideos } from './domain-edit/videos.js';
import type { DomainDocuments } from './domain-records.js';
import { parseDomain, toDomainFacts, type DomainFacts } from './xml/domain.js';

/** What one document says, with what only we read in it; undefined when it cannot be read. */
type ReadFacts = (DomainFacts & { readonly rememberedVideos: readonly Video[] | undefined }) | undefined;

interface ReadDocument {
  readonly xml: string;
  readonly facts: ReadFacts;
}

/** A domain as it was read last. It stays the same object while nothing about the domain changes. */
export interface KnownDomain {
  readonly details: DomainDetails;
  readonly active: ReadDocument | undefined;
  readonly stored: ReadDocument | undefined;
  readonly domain: Domain;
}

/**
 * @param documents 'refused': nobody can read them now; those that were read before count still
 * @param before the same domain as it was read last; absent: it is read for the first time
 */
export function readDomainRecord(
  details: DomainDetails,
  documents: DomainDocuments | 'refused',
  before?: KnownDomain,
): KnownDomain {
  const read = (xml: string | undefined) =>
    xml === undefined
      ? undefined
      : ([before?.active, before?.stored].find((known) => known?.xml === xml) ?? parse(xml));
  const active = documents === 'refused' ? (details.active ? before?.active : undefined) : read(documents.active);
  const stored = documents === 'refused' ? (details.persistent ? before?.stored : undefined) : read(documents.stored);
  const domain = toDomain(details, active?.facts, stored?.facts);
  const outdated = documents === 'refused' && domain.unreadable !== true;
  const isAsBefore =
    before !== undefined &&
    before.active === active &&
    before.stored === stored &&
    before.domain.outdated === (outdated || undefined) &&
    isSame(before.details, details);
  if (isAsBefore) return before;
  return { details, active, stored, domain: outdated ? { ...domain, outdated } : domain };
}

/** Not by `reason`: nobody is told of it. */
function isSame(a: DomainDetails, b: DomainDetails): boolean {
  return (
    a.name === b.name &&
    a.state === b.state &&
    a.active === b.active &&
    a.persistent === b.persistent &&
    a.autostart === b.autostart &&
    a.hasManagedSave === b.hasManagedSave
  );
}

function parse(xml: string): ReadDocument {
  try {
    const domain = parseDomain(xml);
    return { xml, facts: { ...toDomainFacts(domain), rememberedVideos: readRememberedVideos(domain) } };
  } catch (error) {
    if (error instanceof DeviceError) return { xml, facts: undefined };
    throw error;
  }
}

/** One whose document cannot be read hides no other, and is listed with what libvirt tells besides. */
function toDomain(details: DomainDetails, active: ReadFacts, stored: ReadFacts): Domain {
  const named = stored ?? active;
  const isMissing = (details.active && active === undefined) || (details.persistent && stored === undefined);
  if (named === undefined || isMissing) return toUnreadable(details);
  return {
    uuid: named.uuid,
    name: named.name,
    title: named.title,
    osId: named.osId,
    ...stateOf(details),
    inactive: stored?.devices,
    active: active?.devices,
    rememberedVideos: stored?.rememberedVideos,
  };
}

function toUnreadable(details: DomainDetails): Domain {
  return {
    uuid: parseUuid(details.uuid),
    name: details.name,
    title: '',
    osId: '',
    ...stateOf(details),
    inactive: undefined,
    active: details.active ? { hostdevs: [], videos: [], graphics: [], console: undefined } : undefined,
    rememberedVideos: undefined,
    unreadable: true,
  };
}

function stateOf(details: DomainDetails): Pick<Domain, 'state' | 'persistent' | 'autostart' | 'hasManagedSave'> {
  const { persistent, autostart, hasManagedSave } = details;
  return { state: toDomainState(details.state), persistent, autostart, hasManagedSave };
}

/** virDomainState counts as core's list does; a number that a newer libvirt adds is no state. */
function toDomainState(state: number): DomainState {
  return domainStates[state] ?? 'no-state';
}
