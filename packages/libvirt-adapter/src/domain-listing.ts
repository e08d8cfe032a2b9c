// SPDX-License-Identifier: LGPL-2.1-or-later
import { domainStates, type Domain, type DomainState } from '@vgpu/core';
import type { Connection, DomainRecord } from '@vgpu/libvirt';
import { readRememberedVideos } from './domain-edit/videos.js';
import { toDeviceError } from './errors.js';
import { parseDomain, readDomain } from './xml/domain.js';

/** All domains, with both of their documents. @throws DeviceError */
export async function listDomains(connection: Connection): Promise<readonly Domain[]> {
  let records: readonly DomainRecord[];
  try {
    records = await connection.listDomainsWithXml();
  } catch (error) {
    throw toDeviceError(error, 'the domains could not be listed');
  }
  return records.map((record) => toDomain(record));
}

function toDomain(record: DomainRecord): Domain {
  const inactiveXml = record.inactiveXml ?? undefined;
  const stored = inactiveXml === undefined ? undefined : readDomain(inactiveXml);
  const running = record.active ? readDomain(record.xml) : undefined;
  const { uuid, name, title, osId } = stored ?? running ?? readDomain(record.xml);
  return {
    uuid,
    name,
    title,
    osId,
    state: toDomainState(record.state),
    persistent: record.persistent,
    autostart: record.autostart,
    hasManagedSave: record.hasManagedSave,
    inactive: stored?.devices,
    active: running?.devices,
    rememberedVideos: inactiveXml === undefined ? undefined : readRememberedVideos(parseDomain(inactiveXml)),
  };
}

/** virDomainState counts as core's list does; a number that a newer libvirt adds is no state. */
function toDomainState(state: number): DomainState {
  return domainStates[state] ?? 'no-state';
}
