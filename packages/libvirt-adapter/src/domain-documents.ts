// SPDX-License-Identifier: LGPL-2.1-or-later
import type { Connection, DomainDetails } from '@vgpu/libvirt';
import { readDomainDocuments, type DomainAnswer } from './domain-records.js';
import type { tooLate } from './wait.js';

/** `Connections.readDomain`, or what stands for it in a test. */
export type AttemptReading = (
  read: (connection: Connection) => Promise<void>,
  timeoutMs: number,
) => Promise<void | typeof tooLate>;

/** What a domain takes that answers, at most: to read many is no reason to give one up. */
const timeoutOfEachMs = 20;
/** When one QEMU hangs, others may for the same reason: they get this share of the time. */
const shareOfOthers = 1 / 4;
/** So many that hang are found in one reading; the rest waits for the next one. */
const hungAtMost = 5;

export interface DomainDocumentReaderOptions {
  /** How long a domain may take, in ms. */
  readonly limitMs: number;
  /** Told when one that did not answer in time has answered, or its connection was lost: it can be read again. */
  onLateAnswer(uuid: string): void;
}

/** `refused`: libvirt gives no document. `silent`: it does not answer. `unasked`: others took all the time. */
export type DocumentAnswer = DomainAnswer | 'silent' | 'unasked';

/**
 * Reads documents of domains, of which one whose QEMU does not answer hides no other: libvirt 11 lets nobody read the
 * document of a domain that is being asked something. It is not asked again before it has answered, since every
 * question takes a connection.
 */
export class DomainDocumentReader {
  readonly #attempt: AttemptReading;
  readonly #options: DomainDocumentReaderOptions;
  readonly #read: typeof readDomainDocuments;
  readonly #silent = new Set<string>();

  constructor(attempt: AttemptReading, options: DomainDocumentReaderOptions, read = readDomainDocuments) {
    this.#attempt = attempt;
    this.#options = options;
    this.#read = read;
  }

  /** By UUID. @throws when there is no connection */
  async readAll(domains: readonly DomainDetails[]): Promise<ReadonlyMap<string, DocumentAnswer>> {
    const answers = new Map<string, DocumentAnswer>();
    for (const { uuid } of domains) answers.set(uuid, this.#silent.has(uuid) ? 'silent' : 'unasked');
    let rest = domains.filter(({ uuid }) => answers.get(uuid) === 'unasked');
    let limitMs = this.#options.limitMs;
    for (let hung = 0; rest.length > 0 && hung < hungAtMost; hung += 1) {
      const { read, late } = await this.#readInTurn(rest, limitMs);
      for (const [uuid, answer] of read) answers.set(uuid, answer);
      // The connection reads one after the other: the first without an answer is the one that hangs.
      const [first, ...others] = rest.filter(({ uuid }) => !read.has(uuid));
      if (first !== undefined) {
        answers.set(first.uuid, 'silent');
        this.#awaitLate(first.uuid, late.get(first.uuid));
      }
      rest = others;
      limitMs = this.#options.limitMs * shareOfOthers;
    }
    return answers;
  }

  #awaitLate(uuid: string, answer: Promise<unknown> | undefined): void {
    this.#silent.add(uuid);
    const end = () => {
      this.#silent.delete(uuid);
      this.#options.onLateAnswer(uuid);
    };
    void Promise.resolve(answer).then(end, end);
  }

  /** The answers there are when the time is over, and those that are not there yet. */
  async #readInTurn(domains: readonly DomainDetails[], limitMs: number) {
    const answers = new Map<string, DomainAnswer>();
    const late = new Map<string, Promise<unknown>>();
    await this.#attempt(
      async (connection) => {
        const readings = domains.map(async (domain) => {
          const reading = this.#read(connection, domain);
          late.set(domain.uuid, reading);
          answers.set(domain.uuid, await reading);
        });
        await Promise.all(readings);
      },
      limitMs + domains.length * timeoutOfEachMs,
    );
    // A copy: what comes after the time is for nobody.
    return { read: new Map(answers), late };
  }
}
