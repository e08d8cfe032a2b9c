// SPDX-License-Identifier: LGPL-2.1-or-later
import { domainStates, type Domain, type DomainState, type Video } from '@vgpu/core';
import type { DomainRecord } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { readRememberedVideos } from './domain-edit/videos.js';
import { toDeviceError } from './errors.js';
import { LastReading } from './last-reading.js';
import { parseDomain, toDomainFacts, type DomainFacts } from './xml/domain.js';

/** What one document says, with what only we read in it. */
interface ReadDomain extends DomainFacts {
  readonly rememberedVideos: readonly Video[] | undefined;
}

/** What is remembered between two listings. */
export type DomainReading = LastReading<ReadDomain>;

export function newDomainReading(): DomainReading {
  return new LastReading((xml) => {
    const domain = parseDomain(xml);
    return { ...toDomainFacts(domain), rememberedVideos: readRememberedVideos(domain) };
  });
}

/** All domains, with both of their documents. @throws DeviceError */
export async function listDomains(
  connections: Connections,
  reading: DomainReading,
  timeoutMs: number,
): Promise<readonly Domain[]> {
  const what = 'the domains could not be listed';
  try {
    const records = await connections.readDomains((connection) => connection.listDomainsWithXml(), timeoutMs, what);
    return toDomains(records, reading);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

function toDomains(records: readonly DomainRecord[], reading: DomainReading): readonly Domain[] {
  const documents = records.flatMap((record) => [record.xml, record.inactiveXml ?? record.xml]);
  const read = reading.readAll(documents);
  return records.flatMap((record, index) => {
    const [current, stored] = read.slice(index * 2, index * 2 + 2);
    return current === undefined || stored === undefined ? [] : toDomain(record, current, stored);
  });
}

/** @param stored the same as current for a transient domain */
function toDomain(record: DomainRecord, current: ReadDomain, stored: ReadDomain): Domain {
  const { uuid, name, title, osId } = stored;
  const isStored = record.inactiveXml !== null;
  return {
    uuid,
    name,
    title,
    osId,
    state: toDomainState(record.state),
    persistent: record.persistent,
    autostart: record.autostart,
    hasManagedSave: record.hasManagedSave,
    inactive: isStored ? stored.devices : undefined,
    active: record.active ? current.devices : undefined,
    rememberedVideos: isStored ? stored.rememberedVideos : undefined,
  };
}

/** virDomainState counts as core's list does; a number that a newer libvirt adds is no state. */
function toDomainState(state: number): DomainState {
  return domainStates[state] ?? 'no-state';
}
