// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Domain } from '@vgpu/core';
import type { DomainDetails } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { DomainDocumentReader, type DocumentAnswer } from './domain-documents.js';
import { readDomainRecord, type KnownDomain } from './domain-listing.js';
import { readDomainDetails, readDomainDocuments, type DomainConnections } from './domain-records.js';
import { mayHaveHadPciDevice } from './ended-domain.js';
import { toDeviceError } from './errors.js';
import { InTurn } from './in-turn.js';
import { Pending } from './pending.js';
import { unlessSame } from './same.js';
import type { DomainTimeLimits } from './time-limits.js';

/** A list costs one call more than naming as many: above this share of all, and above so many, nothing is gained. */
const mostNamedShare = 1 / 2;
const fewDomains = 8;
/** When those are read that others left no time for. */
const nextReadingMs = 1_000;

/** How domains are read. */
export interface DomainReader {
  readonly details: typeof readDomainDetails;
  readonly documents: typeof readDomainDocuments;
}

type MemoryConnections = DomainConnections & Pick<Connections, 'onEvent' | 'changed' | 'readDomain'>;

/** The domains as they were read last, and which of them have to be read again. */
export class DomainMemory {
  readonly #connections: MemoryConnections;
  readonly #readDetails: typeof readDomainDetails;
  readonly #listLimitMs: number;
  readonly #documents: DomainDocumentReader;
  readonly #turn = new InTurn();
  readonly #pending = new Pending<string>();
  /** By UUID. */
  #domains: ReadonlyMap<string, KnownDomain> = new Map();
  #listing: readonly Domain[] = [];

  constructor(
    connections: MemoryConnections,
    limits: Pick<DomainTimeLimits, 'list' | 'document'>,
    reader: DomainReader = { details: readDomainDetails, documents: readDomainDocuments },
  ) {
    this.#connections = connections;
    this.#readDetails = reader.details;
    this.#listLimitMs = limits.list;
    this.#documents = new DomainDocumentReader(
      (read, ms) => connections.readDomain(read, ms),
      { limitMs: limits.document, onLateAnswer: (uuid) => this.#readLater(uuid, 0) },
      reader.documents,
    );
    connections.onEvent((event) => {
      if (event.kind === 'domain') this.#pending.add(event.uuid);
      if (
        event.kind === 'domain' &&
        event.ended === true &&
        mayHaveHadPciDevice(this.#domains.get(event.uuid)?.domain)
      ) {
        connections.changed('everything');
      }
      if (event.kind === 'missed' && event.of === 'domains') this.#pending.addEverything();
    });
  }

  /** It may have changed, though libvirt may tell nobody. */
  mark(uuid: string): void {
    this.#pending.add(uuid);
  }

  /** @throws DeviceError */
  list(): Promise<readonly Domain[]> {
    return this.#turn.run(async () => {
      this.#pending.addEverything();
      return await this.#read();
    });
  }

  /** The last listing with all that was told of since. @throws DeviceError */
  listChanged(): Promise<readonly Domain[]> {
    return this.#turn.run(() => this.#read());
  }

  async #read(): Promise<readonly Domain[]> {
    // Before reading: what is told of from here on is for the next time.
    const due = this.#pending.take();
    try {
      const isFew = due !== 'everything' && due.size <= Math.max(fewDomains, this.#domains.size * mostNamedShare);
      if (isFew && due.size === 0) return this.#listing;
      const named = isFew ? due : undefined;
      const details = await this.#readDetails(this.#connections, this.#listLimitMs, named);
      const answers = await this.#documents.readAll(details);
      const domains = new Map(named === undefined ? [] : this.#domains);
      for (const uuid of named ?? []) if (!answers.has(uuid)) domains.delete(uuid);
      for (const each of details) {
        const answer = answers.get(each.uuid) ?? 'gone';
        if (answer === 'gone') domains.delete(each.uuid);
        else domains.set(each.uuid, toKnown(each, answer, this.#domains.get(each.uuid)));
        if (answer === 'unasked') this.#readLater(each.uuid, nextReadingMs);
      }
      this.#domains = domains;
      this.#listing = unlessSame(
        this.#listing,
        [...domains.values()].map(({ domain }) => domain),
      );
      return this.#listing;
    } catch (error) {
      this.#pending.putBack(due);
      throw toDeviceError(error, 'the domains could not be listed');
    }
  }

  /** Nobody else tells that there is something to read. */
  #readLater(uuid: string, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#pending.add(uuid);
      this.#connections.changed();
    }, delayMs);
    timer.unref();
  }
}

function toKnown(details: DomainDetails, answer: Exclude<DocumentAnswer, 'gone'>, before: KnownDomain | undefined) {
  return readDomainRecord(details, typeof answer === 'string' ? 'refused' : answer, before);
}
