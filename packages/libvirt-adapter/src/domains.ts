// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  DeviceError,
  cleanDisplayText,
  type Domain as DomainModel,
  type DomainEdit,
  type DomainPort,
  type DomainRevision,
  type EditedDomain,
  type MdevVgpu,
  type Uuid,
} from '@vgpu/core';
import { DomainJobType, DomainXmlFlags, type Connection, type Domain } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { editDomain } from './domain-edit/apply-edits.js';
import { formatDomainDiff } from './domain-edit/diff.js';
import { revisionOf } from './domain-edit/revision.js';
import { splitShellWords, withoutEnvironment } from './domain-edit/shell-words.js';
import { DomainMemory } from './domain-memory.js';
import { readDomainDetails } from './domain-records.js';
import { codeOfError, toChangeError, toDeviceError } from './errors.js';
import { listMdevs } from './node-devices.js';
import type { DomainTimeLimits } from './time-limits.js';
import { readWithin, waitUntil, within } from './wait.js';
import { readDomain } from './xml/domain.js';

/** Without the passwords a definition that is written back would lose them; only a read-write connection may read them. */
const storedWithSecrets = DomainXmlFlags.INACTIVE | DomainXmlFlags.SECURE;

/** How long a domain may take to be seen as ended after a call about it was given up because it ended. */
const endingMs = 2_000;

export interface LibvirtDomainsOptions {
  /** How long a change may take until it can be read back. */
  readonly settleTimeoutMs: number;
  readonly limits: DomainTimeLimits;
}

/** A domain on a connection of its own, with the time limits of what is asked of it. */
interface DomainAtWork {
  readonly domain: Domain;
  readonly connection: Connection;
  /** @throws DeviceError Unavailable when there is no answer in time */
  readonly read: <T>(call: Promise<T>) => Promise<T>;
}

/** Domains through libvirt. */
export class LibvirtDomains implements DomainPort {
  readonly #connections: Connections;
  readonly #settleTimeoutMs: number;
  readonly #limits: DomainTimeLimits;
  readonly #memory: DomainMemory;

  constructor(connections: Connections, { settleTimeoutMs, limits }: LibvirtDomainsOptions) {
    this.#connections = connections;
    this.#settleTimeoutMs = settleTimeoutMs;
    this.#limits = limits;
    this.#memory = new DomainMemory(connections, limits);
  }

  list(): Promise<readonly DomainModel[]> {
    return this.#memory.list();
  }

  listChanged(): Promise<readonly DomainModel[]> {
    return this.#memory.listChanged();
  }

  async preview(uuid: Uuid, edits: readonly DomainEdit[]): Promise<EditedDomain> {
    return await this.#with(uuid, 'could not be read', async (work) => {
      const xml = await readEditable(work);
      const edited = editDomain(xml, edits);
      return { uuid, revision: revisionOf(xml), diff: formatDomainDiff(work.domain.name, xml, edited) };
    });
  }

  /**
   * libvirt has no compare-and-swap: the document is read again right before it is defined, and once more after it.
   */
  async apply({ uuid, revision }: DomainRevision, edits: readonly DomainEdit[]): Promise<void> {
    await this.#changing(uuid, 'could not be changed', async (work) => {
      const { domain, connection, read } = work;
      const xml = await readEditable(work);
      if (revisionOf(xml) !== revision) throw invalidState(domain, 'was changed meanwhile');
      const edited = editDomain(xml, edits);
      if (edited === xml) return;
      (
        await this.#change(domain, 'could not be changed', this.#limits.define, connection.defineDomainXml(edited))
      ).dispose();
      const stored = await read(domain.getXmlDesc(storedWithSecrets)).catch((error: unknown) => {
        throw toChangeError(error, `domain ${shownName(domain)} could not be changed`, detailsOf(domain));
      });
      if (mdevsOf(stored) === mdevsOf(edited)) return;
      throw new DeviceError('TimedOut', `domain ${shownName(domain)} was changed by somebody else at the same time`, {
        details: detailsOf(domain),
      });
    });
  }

  async nativeCommand(uuid: Uuid): Promise<readonly string[]> {
    return await this.#with(uuid, 'has no command', async (work) => {
      const { domain, connection, read } = work;
      await requirePersistent(work);
      const xml = await read(domain.getXmlDesc(DomainXmlFlags.INACTIVE));
      const command = await read(connection.domainXmlToNative('qemu-argv', xml));
      return withoutEnvironment(splitShellWords(command));
    });
  }

  async start(uuid: Uuid): Promise<void> {
    await this.#changing(uuid, 'could not be started', async ({ domain, read }) => {
      if (await read(domain.isActive())) throw invalidState(domain, 'is running already');
      try {
        await this.#change(domain, 'could not be started', this.#limits.start, domain.create());
      } catch (error) {
        if (codeOfError(error) === 'TimedOut') throw error;
        if (await read(domain.isActive())) return;
        await this.#explainStart(domain);
        throw error;
      }
    });
  }

  async shutdown(uuid: Uuid): Promise<void> {
    await this.#changing(uuid, 'could not be shut down', async (work) => {
      await requireActive(work);
      await this.#end(work.domain, 'could not be asked to shut down', this.#limits.shutdown, work.domain.shutdown());
    });
  }

  async forceOff(uuid: Uuid): Promise<void> {
    await this.#changing(uuid, 'could not be ended', async (work) => {
      await requireActive(work);
      await this.#end(work.domain, 'could not be ended', this.#limits.forceOff, work.domain.destroy());
      await waitUntil(async () => !(await this.#isActive(uuid)), {
        events: this.#connections,
        timedOut: `domain ${shownName(work.domain)} did not end`,
        timeoutMs: this.#settleTimeoutMs,
      });
    });
  }

  /** A domain that ended by itself meanwhile, which a transient one does not survive, has got what was asked. */
  async #end(domain: Domain, problem: string, limitMs: number, call: Promise<void>): Promise<void> {
    try {
      await this.#change(domain, problem, limitMs, call);
    } catch (error) {
      if (codeOfError(error) === 'TimedOut') throw error;
      // libvirt 11 gives the call up when QEMU goes, and says a moment later that the domain has ended.
      const ended = waitUntil(async () => !(await this.#isActive(domain.uuid as Uuid)), {
        events: this.#connections,
        timedOut: `domain ${shownName(domain)} did not end`,
        timeoutMs: endingMs,
      });
      await ended.catch(() => {
        throw error;
      });
    }
  }

  /** @throws DeviceError TimedOut when the outcome is unknown: no answer in time, or the connection was lost */
  async #change<T>(domain: Domain, problem: string, limitMs: number, call: Promise<T>): Promise<T> {
    const what = `domain ${shownName(domain)} ${problem}`;
    try {
      return await within(call, limitMs, what);
    } catch (error) {
      throw toChangeError(error, what, detailsOf(domain));
    }
  }

  async #isActive(uuid: Uuid): Promise<boolean> {
    const [details] = await readDomainDetails(this.#connections, this.#limits.list, [uuid]);
    return details?.active === true;
  }

  /** Looks at the vGPUs a domain needs. @throws DeviceError InvalidState or DeviceBusy when one is the reason. */
  async #explainStart(domain: Domain): Promise<void> {
    let mdevs: Awaited<ReturnType<typeof listMdevs>>;
    let domains: readonly DomainModel[];
    try {
      [mdevs, domains] = await Promise.all([listMdevs(this.#connections), this.list()]);
    } catch (error) {
      // Then the reason is not found.
      if (codeOfError(error) === 'Unavailable') return;
      throw error;
    }
    const found = domains.find((candidate) => candidate.uuid === domain.uuid);
    // A saved state has devices of its own.
    if (found === undefined || found.hasManagedSave) return;
    for (const hostdev of found.inactive?.hostdevs ?? []) {
      if (hostdev.kind !== 'mdev') continue;
      requireUsable(domain, hostdev.uuid, mdevs, domains);
    }
  }

  /** The same for a change, however it ends: libvirt may tell nobody of it. */
  async #changing(uuid: Uuid, problem: string, act: (work: DomainAtWork) => Promise<void>): Promise<void> {
    try {
      await this.#with(uuid, problem, act);
    } finally {
      this.#memory.mark(uuid);
    }
  }

  /** Looks the domain up on a connection of its own, so that it waits for nothing else, and lets both go afterwards. */
  async #with<T>(uuid: Uuid, problem: string, act: (work: DomainAtWork) => Promise<T>): Promise<T> {
    let shown: string = uuid;
    const read = <R>(call: Promise<R>): Promise<R> => readWithin(call, this.#limits.read, `domain ${shown} ${problem}`);
    try {
      return await this.#connections.withDomains(async (connection) => {
        const lookUp = connection.lookupDomainByUuid(uuid);
        const domain = await readWithin(lookUp, this.#limits.lookUp, `domain ${uuid} ${problem}`);
        shown = shownName(domain);
        try {
          return await act({ domain, connection, read });
        } finally {
          domain.dispose();
        }
      });
    } catch (error) {
      if (codeOfError(error) === 'NotFound' && !(error instanceof DeviceError)) {
        throw new DeviceError('NotFound', `domain ${uuid} does not exist`, { details: { domain: uuid }, cause: error });
      }
      throw toDeviceError(error, `domain ${shown} ${problem}`, { domain: uuid });
    }
  }
}

/** The stored document, when it may be changed now. @throws DeviceError InvalidState */
async function readEditable(work: DomainAtWork): Promise<string> {
  const { domain, read } = work;
  await requirePersistent(work);
  if (await read(domain.hasManagedSaveImage())) {
    throw invalidState(
      domain,
      'has a saved state, which would restore the old devices: start it, or remove the saved state',
    );
  }
  if ((await read(domain.isActive())) && (await hasJob(work))) throw invalidState(domain, 'has a job in progress');
  return await read(domain.getXmlDesc(storedWithSecrets));
}

async function requirePersistent({ domain, read }: DomainAtWork): Promise<void> {
  if (!(await read(domain.isPersistent()))) throw invalidState(domain, 'is transient: it has no definition');
}

async function requireActive({ domain, read }: DomainAtWork): Promise<void> {
  if (!(await read(domain.isActive()))) throw invalidState(domain, 'is not running');
}

/** A migration, a save or a backup. A domain that ended meanwhile has no job. */
async function hasJob({ domain, read }: DomainAtWork): Promise<boolean> {
  try {
    const { type } = await read(domain.getJobInfo());
    return type === DomainJobType.BOUNDED || type === DomainJobType.UNBOUNDED;
  } catch (error) {
    const code = codeOfError(error);
    if (code === 'InvalidState' || code === 'NotSupported') return false;
    throw error;
  }
}

function requireUsable(domain: Domain, uuid: Uuid, mdevs: readonly MdevVgpu[], domains: readonly DomainModel[]): void {
  const details = { ...detailsOf(domain), uuid };
  if (!mdevs.some((mdev) => mdev.uuid === uuid && mdev.active)) {
    throw new DeviceError('InvalidState', `domain ${shownName(domain)} needs vGPU ${uuid}, which is not active`, {
      details,
    });
  }
  const user = domains.find((other) =>
    other.active?.hostdevs.some((hostdev) => hostdev.kind === 'mdev' && hostdev.uuid === uuid),
  );
  if (user === undefined) return;
  throw new DeviceError('DeviceBusy', `vGPU ${uuid} is in use by the running domain ${shownName(user)}`, {
    details: { uuid, domain: user.uuid, domainName: shownName(user) },
  });
}

/** The mediated devices in a document, for comparing. */
function mdevsOf(xml: string): string {
  const hostdevs = readDomain(xml).devices.hostdevs.filter((hostdev) => hostdev.kind === 'mdev');
  return hostdevs
    .map(({ uuid }) => uuid)
    .toSorted()
    .join(' ');
}

function invalidState(domain: Domain, problem: string): DeviceError {
  return new DeviceError('InvalidState', `domain ${shownName(domain)} ${problem}`, { details: detailsOf(domain) });
}

/** Names come from anywhere: without control characters, and not too long. */
function shownName({ name }: { readonly name: string }): string {
  return cleanDisplayText(name);
}

function detailsOf(domain: Domain): { readonly domain: string; readonly domainName: string } {
  return { domain: domain.uuid, domainName: shownName(domain) };
}
