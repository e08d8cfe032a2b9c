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
/** How many of those that were silent are asked again, and what share of the time each gets. */
const silentAtOnce = 4;
const shareOfSilent = 1 / 8;

/**
 * Reads documents of domains, of which one whose QEMU does not answer hides no other: libvirt 11 lets nobody read the
 * document of a domain that is being asked something.
 */
export class DomainDocumentReader {
  readonly #attempt: AttemptReading;
  readonly #limitMs: number;
  readonly #read: typeof readDomainDocuments;
  /** Which did not answer, the longest ago first. They come last and get little time. */
  readonly #silent = new Set<string>();

  /** @param limitMs how long a domain may take */
  constructor(attempt: AttemptReading, limitMs: number, read = readDomainDocuments) {
    this.#attempt = attempt;
    this.#limitMs = limitMs;
    this.#read = read;
  }

  /** By UUID; those that do not answer are `refused`. @throws when there is no connection */
  async readAll(domains: readonly DomainDetails[]): Promise<ReadonlyMap<string, DomainAnswer>> {
    const answers = new Map<string, DomainAnswer>();
    const silent = [...this.#silent].flatMap((uuid) => domains.find((domain) => domain.uuid === uuid) ?? []);
    let rest = domains.filter(({ uuid }) => !this.#silent.has(uuid));
    for (let limitMs = this.#limitMs; rest.length > 0; limitMs = this.#limitMs * shareOfOthers) {
      for (const [uuid, answer] of await this.#readInTurn(rest, limitMs)) answers.set(uuid, answer);
      // The connection reads one after the other: the first without an answer is the one that hangs.
      const [hung, ...others] = rest.filter(({ uuid }) => !answers.has(uuid));
      if (hung !== undefined) this.#fallSilent(hung.uuid, answers);
      rest = others;
    }
    for (const domain of silent.slice(0, silentAtOnce)) {
      const answer = (await this.#readInTurn([domain], this.#limitMs * shareOfSilent)).get(domain.uuid);
      if (answer === undefined) this.#fallSilent(domain.uuid, answers);
      else {
        this.#silent.delete(domain.uuid);
        answers.set(domain.uuid, answer);
      }
    }
    for (const { uuid } of silent.slice(silentAtOnce)) answers.set(uuid, 'refused');
    return answers;
  }

  /** Forgets those that are not there any more. */
  keepOnly(isThere: (uuid: string) => boolean): void {
    for (const uuid of this.#silent) if (!isThere(uuid)) this.#silent.delete(uuid);
  }

  #fallSilent(uuid: string, answers: Map<string, DomainAnswer>): void {
    this.#silent.delete(uuid);
    this.#silent.add(uuid);
    answers.set(uuid, 'refused');
  }

  /** The answers there are when the time is over. */
  async #readInTurn(domains: readonly DomainDetails[], limitMs: number): Promise<ReadonlyMap<string, DomainAnswer>> {
    const answers = new Map<string, DomainAnswer>();
    await this.#attempt(
      async (connection) => {
        await Promise.all(
          domains.map(async (domain) => answers.set(domain.uuid, await this.#read(connection, domain))),
        );
      },
      limitMs + domains.length * timeoutOfEachMs,
    );
    // A copy: what comes after the time is for nobody.
    return new Map(answers);
  }
}
