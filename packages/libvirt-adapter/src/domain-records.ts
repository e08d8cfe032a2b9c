// SPDX-License-Identifier: LGPL-2.1-or-later
import { DomainXmlFlags, LibvirtError, type Connection, type Domain, type DomainDetails } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { codeOfError, toDeviceError } from './errors.js';

/** A domain's documents; undefined where it has none: one that does not run, one that is transient. */
export interface DomainDocuments {
  readonly active: string | undefined;
  readonly stored: string | undefined;
}

/** What came of reading a domain's documents. `refused`: libvirt has it and gives no document. */
export type DomainAnswer = DomainDocuments | 'refused' | 'gone';

export type DomainConnections = Pick<Connections, 'readDomains'>;

const what = 'the domains could not be listed';

/**
 * What libvirt knows of domains without asking their QEMUs, so that none can keep it waiting.
 * @param uuids which; those that do not exist are left out. Absent: all
 * @throws DeviceError
 */
export async function readDomainDetails(
  connections: DomainConnections,
  timeoutMs: number,
  uuids?: Iterable<string>,
): Promise<readonly DomainDetails[]> {
  const read = async (connection: Connection) => {
    const domains = await (uuids === undefined ? connection.listAllDomains() : lookUp(connection, [...uuids]));
    try {
      return (await Promise.all(domains.map((domain) => unlessGone(detailsOf(domain))))).filter(isThere);
    } finally {
      for (const domain of domains) domain.dispose();
    }
  };
  try {
    return await connections.readDomains(read, timeoutMs, what);
  } catch (error) {
    throw toDeviceError(error, what);
  }
}

/** Waits for QEMU where libvirt does: forever, if it hangs. @throws what libvirt throws when the connection is lost */
export async function readDomainDocuments(connection: Connection, details: DomainDetails): Promise<DomainAnswer> {
  let domain: Domain | undefined;
  try {
    domain = await connection.lookupDomainByUuid(details.uuid);
    const [active, stored] = await Promise.all([
      details.active ? domain.getXmlDesc() : undefined,
      details.persistent ? domain.getXmlDesc(DomainXmlFlags.INACTIVE) : undefined,
    ]);
    return active === undefined && stored === undefined ? 'gone' : { active, stored };
  } catch (error) {
    const code = codeOfError(error);
    if (code === 'Unavailable' || !(error instanceof LibvirtError)) throw error;
    return code === 'NotFound' ? 'gone' : 'refused';
  } finally {
    domain?.dispose();
  }
}

async function lookUp(connection: Connection, uuids: readonly string[]): Promise<readonly Domain[]> {
  const found = await Promise.all(uuids.map((uuid) => unlessGone(connection.lookupDomainByUuid(uuid))));
  return found.filter(isThere);
}

async function detailsOf(domain: Domain): Promise<DomainDetails> {
  const [{ state, reason }, active, persistent, autostart, hasManagedSave] = await Promise.all([
    domain.getState(),
    domain.isActive(),
    domain.isPersistent(),
    unlessUnsupported(domain.getAutostart()),
    unlessUnsupported(domain.hasManagedSaveImage()),
  ]);
  return { name: domain.name, uuid: domain.uuid, state, reason, active, persistent, autostart, hasManagedSave };
}

/** Some drivers know neither. */
async function unlessUnsupported(answer: Promise<boolean>): Promise<boolean> {
  try {
    return await answer;
  } catch (error) {
    if (codeOfError(error) === 'NotSupported') return false;
    throw error;
  }
}

async function unlessGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOfError(error) === 'NotFound') return undefined;
    throw error;
  }
}

function isThere<T>(item: T | undefined): item is T {
  return item !== undefined;
}
