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
import { DomainJobType, DomainXmlFlags, type Domain } from '@vgpu/libvirt';
import type { Connections } from './connections.js';
import { editDomain } from './domain-edit/apply-edits.js';
import { formatDomainDiff } from './domain-edit/diff.js';
import { revisionOf } from './domain-edit/revision.js';
import { splitShellWords, withoutEnvironment } from './domain-edit/shell-words.js';
import { listDomains, newDomainReading } from './domain-listing.js';
import { codeOfError, toChangeError, toDeviceError } from './errors.js';
import { listMdevs } from './node-device-listing.js';
import { waitUntil } from './wait.js';
import { readDomain } from './xml/domain.js';

/** Without the passwords a definition that is written back would lose them; only control may read them. */
const storedWithSecrets = DomainXmlFlags.INACTIVE | DomainXmlFlags.SECURE;

/** Domains through libvirt. */
export class LibvirtDomains implements DomainPort {
  readonly #connections: Connections;
  readonly #settleTimeoutMs: number;
  readonly #reading = newDomainReading();

  constructor(connections: Connections, settleTimeoutMs: number) {
    this.#connections = connections;
    this.#settleTimeoutMs = settleTimeoutMs;
  }

  async list(): Promise<readonly DomainModel[]> {
    return await listDomains(this.#connections.query, this.#reading);
  }

  async preview(uuid: Uuid, edits: readonly DomainEdit[]): Promise<EditedDomain> {
    return await this.#with(uuid, 'could not be read', async (domain) => {
      const xml = await readEditable(domain);
      const edited = editDomain(xml, edits);
      return { uuid, revision: revisionOf(xml), diff: formatDomainDiff(domain.name, xml, edited) };
    });
  }

  /**
   * libvirt has no compare-and-swap: the document is read again right before it is defined, and once more after it.
   */
  async apply({ uuid, revision }: DomainRevision, edits: readonly DomainEdit[]): Promise<void> {
    await this.#with(uuid, 'could not be changed', async (domain) => {
      const xml = await readEditable(domain);
      if (revisionOf(xml) !== revision) throw invalidState(domain, 'was changed meanwhile');
      const edited = editDomain(xml, edits);
      if (edited === xml) return;
      try {
        (await this.#connections.control.defineDomainXml(edited)).dispose();
        const stored = await domain.getXmlDesc(storedWithSecrets);
        if (mdevsOf(stored) === mdevsOf(edited)) return;
      } catch (error) {
        throw toChangeError(error, `domain ${shownName(domain)} could not be changed`, detailsOf(domain));
      }
      throw new DeviceError('TimedOut', `domain ${shownName(domain)} was changed by somebody else at the same time`, {
        details: detailsOf(domain),
      });
    });
  }

  async nativeCommand(uuid: Uuid): Promise<readonly string[]> {
    return await this.#with(uuid, 'has no command', async (domain) => {
      await requirePersistent(domain);
      const xml = await domain.getXmlDesc(DomainXmlFlags.INACTIVE);
      const command = await this.#connections.control.domainXmlToNative('qemu-argv', xml);
      return withoutEnvironment(splitShellWords(command));
    });
  }

  async start(uuid: Uuid): Promise<void> {
    await this.#with(uuid, 'could not be started', async (domain) => {
      if (await domain.isActive()) throw invalidState(domain, 'is running already');
      try {
        await domain.create();
      } catch (error) {
        const failure = toChangeError(error, `domain ${shownName(domain)} could not be started`, detailsOf(domain));
        if (failure.code === 'TimedOut') throw failure;
        if (await domain.isActive()) return;
        await this.#explainStart(domain);
        throw failure;
      }
    });
  }

  async shutdown(uuid: Uuid): Promise<void> {
    await this.#with(uuid, 'could not be shut down', async (domain) => {
      await requireActive(domain);
      await this.#end(domain, 'could not be asked to shut down', () => domain.shutdown());
    });
  }

  async forceOff(uuid: Uuid): Promise<void> {
    await this.#with(uuid, 'could not be ended', async (domain) => {
      await requireActive(domain);
      await this.#end(domain, 'could not be ended', () => domain.destroy());
      await waitUntil(async () => !(await this.#isActive(uuid)), {
        events: this.#connections,
        timedOut: `domain ${shownName(domain)} did not end`,
        timeoutMs: this.#settleTimeoutMs,
      });
    });
  }

  /** A domain that ended by itself meanwhile, which a transient one does not survive, has got what was asked. */
  async #end(domain: Domain, problem: string, send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      const failure = toChangeError(error, `domain ${shownName(domain)} ${problem}`, detailsOf(domain));
      if (failure.code === 'TimedOut' || (await this.#isActive(domain.uuid as Uuid))) throw failure;
    }
  }

  async #isActive(uuid: Uuid): Promise<boolean> {
    return (await this.list()).some((domain) => domain.uuid === uuid && domain.active !== undefined);
  }

  /** Looks at the vGPUs a domain needs. @throws DeviceError InvalidState or DeviceBusy when one is the reason. */
  async #explainStart(domain: Domain): Promise<void> {
    const [mdevs, domains] = await Promise.all([listMdevs(this.#connections.nodeQuery), this.list()]);
    const needed = domains.find((candidate) => candidate.uuid === domain.uuid)?.inactive?.hostdevs ?? [];
    for (const hostdev of needed) {
      if (hostdev.kind !== 'mdev') continue;
      requireUsable(domain, hostdev.uuid, mdevs, domains);
    }
  }

  /** Looks the domain up on the control connection and releases it afterwards. */
  async #with<T>(uuid: Uuid, problem: string, act: (domain: Domain) => Promise<T>): Promise<T> {
    const { control } = this.#connections;
    let domain: Domain | undefined;
    try {
      domain = await control.lookupDomainByUuid(uuid);
      return await act(domain);
    } catch (error) {
      if (codeOfError(error) === 'NotFound' && !(error instanceof DeviceError)) {
        throw new DeviceError('NotFound', `domain ${uuid} does not exist`, { details: { domain: uuid }, cause: error });
      }
      throw toDeviceError(error, `domain ${domain === undefined ? uuid : shownName(domain)} ${problem}`, {
        domain: uuid,
      });
    } finally {
      domain?.dispose();
    }
  }
}

/** The stored document, when it may be changed now. @throws DeviceError InvalidState */
async function readEditable(domain: Domain): Promise<string> {
  await requirePersistent(domain);
  if (await domain.hasManagedSaveImage()) {
    throw invalidState(domain, 'has a saved state, which would restore the old devices');
  }
  if ((await domain.isActive()) && (await hasJob(domain))) throw invalidState(domain, 'has a job in progress');
  return await domain.getXmlDesc(storedWithSecrets);
}

async function requirePersistent(domain: Domain): Promise<void> {
  if (!(await domain.isPersistent())) throw invalidState(domain, 'is transient: it has no definition');
}

async function requireActive(domain: Domain): Promise<void> {
  if (!(await domain.isActive())) throw invalidState(domain, 'is not running');
}

/** A migration, a save or a backup. A domain that ended meanwhile has no job. */
async function hasJob(domain: Domain): Promise<boolean> {
  try {
    const { type } = await domain.getJobInfo();
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
