// SPDX-License-Identifier: LGPL-2.1-or-later
// What the lists with XML give, and what they are asked.
import type { CallOptions } from './call.js';
import { LibvirtError, toError, type NativeFailure } from './errors.js';

/** What of a node device is read besides its name and XML. */
export interface NodeDeviceDetails {
  /** null only for the root of the tree */
  readonly parent: string | null;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
}

export type NodeDeviceField = keyof NodeDeviceDetails;

/** A node device and everything that can be read about it in the same hop. */
export interface NodeDeviceRecord extends NodeDeviceDetails {
  readonly name: string;
  readonly xml: string;
}

/** A node device as a batch reads it: only the fields that were asked for are there. */
export type NodeDeviceRecordOf<Field extends NodeDeviceField> = Pick<NodeDeviceRecord, 'name' | 'xml' | Field>;

export interface ReadNodeDevicesOptions<Field extends NodeDeviceField = NodeDeviceField> extends CallOptions {
  /** `NodeDeviceXmlFlags` */
  readonly xmlFlags?: number;
  /**
   * What to read besides name and XML; absent: everything. `parent`, `persistent` and `autostart` cost a call to the
   * daemon for each device, `active` two lists for all, the XML one call for each.
   */
  readonly fields?: readonly Field[] | undefined;
}

export interface ListNodeDevicesOptions<
  Field extends NodeDeviceField = NodeDeviceField,
> extends ReadNodeDevicesOptions<Field> {
  /** `NodeDeviceListFlags` */
  readonly flags?: number;
}

/** The addon's numbers, in native/node_device_records.cc. */
const fieldBits: ReadonlyMap<unknown, number> = new Map(
  Object.entries({ parent: 1, active: 2, persistent: 4, autostart: 8 } satisfies Record<NodeDeviceField, number>),
);

/** @param fields absent: everything */
export function toFieldBits(
  fields: readonly NodeDeviceField[] = ['parent', 'active', 'persistent', 'autostart'],
): number {
  let bits = 0;
  for (const field of fields) {
    const bit = fieldBits.get(field);
    if (bit === undefined) throw new TypeError(`fields must name only ${[...fieldBits.keys()].join(', ')}`);
    bits |= bit;
  }
  return bits;
}

export interface ListDomainsOptions extends CallOptions {
  /** `DomainListFlags` */
  readonly flags?: number;
  /** `DomainXmlFlags` for `xml` */
  readonly xmlFlags?: number;
  /** Includes passwords in `inactiveXml`; refused on a read-only connection. */
  readonly secure?: boolean;
}

/** What libvirt tells of a domain besides its documents. */
export interface DomainDetails {
  readonly name: string;
  readonly uuid: string;
  /** One of `DomainState`. */
  readonly state: number;
  /** Its meaning depends on `state`. */
  readonly reason: number;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly hasManagedSave: boolean;
}

/** A domain and everything that can be read about it in the same hop. */
export interface ReadDomainRecord extends DomainDetails {
  /** The running configuration of an active domain, else the stored one; read with the caller's flags. */
  readonly xml: string;
  /** The stored configuration; null for a transient domain, which has none. */
  readonly inactiveXml: string | null;
  readonly error?: undefined;
}

/** A domain of which libvirt refuses a document, for example while its emulator hangs. */
export interface RefusedDomainRecord extends DomainDetails {
  /** null: refused */
  readonly xml: string | null;
  /** null: refused, or the domain is transient */
  readonly inactiveXml: string | null;
  /** Why; of two documents that are refused, the reason for `xml`. */
  readonly error: LibvirtError;
}

/** `record.error === undefined` tells the two apart. */
export type DomainRecord = ReadDomainRecord | RefusedDomainRecord;

/** As the addon gives them. */
export type NativeDomainRecord =
  ReadDomainRecord | (Omit<RefusedDomainRecord, 'error'> & { readonly error: NativeFailure });

export function toDomainRecord(record: NativeDomainRecord): DomainRecord {
  if (record.error === undefined) return record;
  const error = toError(record.error);
  // The addon reports nothing else of a document.
  if (!(error instanceof LibvirtError)) throw error;
  return { ...record, error };
}
