// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, domainStates, parseUuid, type Domain, type DomainState, type Video } from '@vgpu/core';
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
export type DomainReading = LastReading<ReadDomain | undefined>;

export function newDomainReading(): DomainReading {
  return new LastReading((xml) => {
    try {
      const domain = parseDomain(xml);
      return { ...toDomainFacts(domain), rememberedVideos: readRememberedVideos(domain) };
    } catch (error) {
      if (error instanceof DeviceError) return undefined;
      throw error;
    }
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

/** One domain whose document cannot be read does not hide the others, and is listed with what libvirt tells besides. */
export function toDomains(records: readonly DomainRecord[], reading: DomainReading): readonly Domain[] {
  const documents = records.flatMap((record) =>
    record.error === undefined ? [record.xml, record.inactiveXml ?? record.xml] : ['', ''],
  );
  const read = reading.readAll(documents);
  return records.map((record, index) => {
    const [current, stored] = read.slice(index * 2, index * 2 + 2);
    return current === undefined || stored === undefined ? toUnreadable(record) : toDomain(record, current, stored);
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
    ...stateOf(record),
    inactive: isStored ? stored.devices : undefined,
    active: record.active ? current.devices : undefined,
    rememberedVideos: isStored ? stored.rememberedVideos : undefined,
  };
}

function toUnreadable(record: DomainRecord): Domain {
  return {
    uuid: parseUuid(record.uuid),
    name: record.name,
    title: '',
    osId: '',
    ...stateOf(record),
    inactive: undefined,
    active: record.active ? { hostdevs: [], videos: [], graphics: [], console: undefined } : undefined,
    rememberedVideos: undefined,
    unreadable: true,
  };
}

function stateOf(record: DomainRecord): Pick<Domain, 'state' | 'persistent' | 'autostart' | 'hasManagedSave'> {
  const { persistent, autostart, hasManagedSave } = record;
  return { state: toDomainState(record.state), persistent, autostart, hasManagedSave };
}

/** virDomainState counts as core's list does; a number that a newer libvirt adds is no state. */
function toDomainState(state: number): DomainState {
  return domainStates[state] ?? 'no-state';
}
