// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../../errors.js';
import type { Uuid } from '../../identity/uuid.js';
import type { Domain, DomainDevices } from '../../model/domain.js';
import type { DomainEdit } from '../../model/domain-edit.js';
import type { DomainPort, DomainRevision, EditedDomain } from '../../ports.js';
import type { CallGate } from './call-gate.js';
import { applyEdits, renderDocument, renderNativeCommand } from './domain-document.js';
import type { HostState } from './host-state.js';
import { keepEqual, LastListing } from './last-listing.js';
import { diffLines } from './line-diff.js';

/** Domains on the model itself: guests obey at once, a saved state comes back without mdevs. */
export class InMemoryDomains implements DomainPort {
  readonly #state: HostState;
  readonly #gate: CallGate;
  readonly #changed: () => void;
  readonly #last: LastListing<readonly Domain[]>;
  #nextTerminal = 0;

  constructor(state: HostState, gate: CallGate, changed: () => void) {
    this.#state = state;
    this.#gate = gate;
    this.#changed = changed;
    this.#last = new LastListing<readonly Domain[]>(() => [...state.domains.values()], keepEqual);
  }

  list(): Promise<readonly Domain[]> {
    return this.#gate.pass('domains.list', () => this.#last.all());
  }

  listChanged(): Promise<readonly Domain[]> {
    return this.#gate.pass('domains.list', () => this.#last.changed());
  }

  /** Somebody is told of a change. */
  forgetListing(): void {
    this.#last.forget();
  }

  preview(uuid: Uuid, edits: readonly DomainEdit[]): Promise<EditedDomain> {
    return this.#gate.pass('domains.preview', () => {
      const domain = this.#require(uuid);
      const before = renderDocument(domain);
      const after = renderDocument(applyEdits(domain, edits));
      return { uuid, revision: before.join('\n'), diff: diffLines(before, after, domain.name) };
    });
  }

  apply(expected: DomainRevision, edits: readonly DomainEdit[]): Promise<void> {
    return this.#gate.pass('domains.apply', () => {
      const domain = this.#require(expected.uuid);
      if (renderDocument(domain).join('\n') !== expected.revision) {
        throw new DeviceError('InvalidState', `domain ${domain.name} was changed meanwhile`);
      }
      this.#put(applyEdits(domain, edits));
    });
  }

  nativeCommand(uuid: Uuid): Promise<readonly string[]> {
    return this.#gate.pass('domains.nativeCommand', () => renderNativeCommand(this.#require(uuid)));
  }

  start(uuid: Uuid): Promise<void> {
    return this.#gate.pass('domains.start', () => {
      const domain = this.#require(uuid);
      if (domain.active !== undefined || domain.inactive === undefined) {
        throw new DeviceError('InvalidState', `domain ${domain.name} is running already`);
      }
      const { inactive: stored, hasManagedSave } = domain;
      // libvirt saves no domain that has an mdev.
      const hostdevs = stored.hostdevs.filter(({ kind }) => kind !== 'mdev' || !hasManagedSave);
      for (const hostdev of hostdevs) {
        if (hostdev.kind === 'mdev') this.#requireFree(domain, hostdev.uuid);
      }
      this.#put({ ...domain, state: 'running', active: this.#running({ ...stored, hostdevs }), hasManagedSave: false });
    });
  }

  shutdown(uuid: Uuid): Promise<void> {
    return this.#gate.pass('domains.shutdown', () => this.#end(uuid));
  }

  forceOff(uuid: Uuid): Promise<void> {
    return this.#gate.pass('domains.forceOff', () => this.#end(uuid));
  }

  #end(uuid: Uuid): void {
    const domain = this.#require(uuid);
    if (domain.active === undefined) throw new DeviceError('InvalidState', `domain ${domain.name} is not running`);
    if (domain.persistent) return this.#put({ ...domain, state: 'shut-off', active: undefined });
    this.#state.domains.delete(uuid);
    this.#changed();
  }

  #running(stored: DomainDevices): DomainDevices {
    if (stored.console?.type !== 'pty') return stored;
    this.#nextTerminal += 1;
    return { ...stored, console: { type: 'pty', path: `/dev/pts/${this.#nextTerminal}` } };
  }

  #requireFree(domain: Domain, mdev: Uuid): void {
    if (!this.#state.withUuid(mdev).some(({ active }) => active)) {
      throw new DeviceError('InvalidState', `domain ${domain.name} needs vGPU ${mdev}, which is not active`);
    }
    const user = this.#state.userOf({ uuid: mdev });
    if (user !== undefined) throw new DeviceError('DeviceBusy', `vGPU ${mdev} is in use by ${user.name}`);
  }

  #require(uuid: Uuid): Domain {
    const domain = this.#state.domains.get(uuid);
    if (domain !== undefined) return domain;
    throw new DeviceError('NotFound', `domain ${uuid} does not exist`);
  }

  #put(domain: Domain): void {
    this.#state.domains.set(domain.uuid, domain);
    this.#changed();
  }
}
