// SPDX-License-Identifier: LGPL-2.1-or-later
import type { DeviceError } from '../errors.js';
import type { Uuid } from '../identity/uuid.js';
import type { Domain } from '../model/domain.js';
import type { MdevVgpu, VgpuKey } from '../model/vgpu.js';
import type { DomainPort, EventPort, HostFactsPort, HostPorts, NodeDevicePort } from '../ports.js';
import type { HostFile } from './host-file.js';
import { CallGate, type CallName, type FailingPorts } from './in-memory/call-gate.js';
import { InMemoryDomains } from './in-memory/domains.js';
import { InMemoryEvents } from './in-memory/events.js';
import { InMemoryFacts } from './in-memory/facts.js';
import { HostState } from './in-memory/host-state.js';
import { InMemoryNodeDevices } from './in-memory/node-devices.js';

export interface InMemoryHostOptions {
  /** The domains at the start; core reads no XML, so those of the host file are not looked at. Absent: none. */
  readonly domains?: readonly Domain[] | undefined;
}

/** What others can change: set and delete entries to replace or remove them. */
export interface HostEditor {
  readonly mdevs: Map<VgpuKey, MdevVgpu>;
  readonly domains: Map<Uuid, Domain>;
}

/** A host without libvirt, for tests: all ports on one state, with libvirt's semantics and failures as scripted. */
export class InMemoryHost implements HostPorts {
  readonly nodeDevices: NodeDevicePort;
  readonly domains: DomainPort;
  readonly facts: HostFactsPort;
  readonly events: EventPort;
  readonly #state: HostState;
  readonly #gate = new CallGate();
  readonly #events = new InMemoryEvents();
  readonly #changed: () => void;
  readonly #forget: () => void;

  constructor(file: HostFile, { domains = [] }: InMemoryHostOptions = {}) {
    this.#state = new HostState(file, domains);
    this.#forget = () => {
      devicePort.forgetListing();
      domainPort.forgetListing();
    };
    this.#changed = () => {
      this.#forget();
      this.#events.changed();
    };
    const devicePort = new InMemoryNodeDevices(this.#state, this.#gate, this.#changed);
    const domainPort = new InMemoryDomains(this.#state, this.#gate, this.#changed);
    this.nodeDevices = devicePort;
    this.domains = domainPort;
    this.facts = new InMemoryFacts(this.#state);
    this.events = this.#events;
  }

  /**
   * The next call of a method rejects with this error; more than one are taken in order.
   * @param options.applied the change is made all the same, as when its answer was lost; absent: nothing changes
   */
  failNext<Port extends keyof FailingPorts>(
    port: Port,
    method: FailingPorts[Port],
    error: DeviceError,
    options: { readonly applied?: boolean } = {},
  ): void {
    this.#gate.failNext(`${port}.${method}` as CallName, error, options.applied ?? false);
  }

  /** Takes a parent out: its active mdevs vanish, definitions stay. */
  unplugParent(name: string): void {
    this.#state.unplug(name);
    this.#changed();
  }

  /** Puts a parent back. */
  plugParent(name: string): void {
    this.#state.plug(name);
    this.#changed();
  }

  /**
   * Changes the host as somebody else would, past all checks.
   * @param options.event whether listeners are told; absent: true. What nobody is told of, `listChanged` misses.
   */
  behindItsBack(change: (host: HostEditor) => void, options: { readonly event?: boolean } = {}): void {
    change(this.#state);
    if (options.event ?? true) this.#changed();
  }

  /** While not connected every call of nodeDevices and domains rejects with Unavailable. */
  setConnected(connected: boolean): void {
    this.#gate.reachable = connected;
    // What happened meanwhile nobody was told of.
    if (connected) this.#forget();
    this.#events.setConnected(connected);
  }

  async close(): Promise<void> {
    this.#gate.reachable = false;
    this.#events.clear();
  }
}
