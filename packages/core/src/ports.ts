// SPDX-License-Identifier: LGPL-2.1-or-later
import type { MdevTypeId, ParentName } from './identity/device-names.js';
import type { PciAddress } from './identity/pci-address.js';
import type { Uuid } from './identity/uuid.js';
import type { Domain } from './model/domain.js';
import type { DomainEdit } from './model/domain-edit.js';
import type { MdevAttribute, MdevVgpu } from './model/vgpu.js';

/** A PCI function as libvirt alone knows it; the rest of PciDevice comes from HostFactsPort. */
export interface ListedPciDevice {
  readonly address: PciAddress;
  readonly classId: number;
  readonly vendorId: number;
  readonly productId: number;
  readonly driver: string | undefined;
  readonly iommuGroup: number | undefined;
  readonly numaNode: number | undefined;
  readonly physicalFunction: PciAddress | undefined;
}

/** A parent as libvirt knows it: no descriptions. Types in any order. */
export interface ListedParent {
  readonly name: ParentName;
  readonly pciAddress: PciAddress | undefined;
  readonly types: readonly {
    readonly typeId: MdevTypeId;
    readonly name: string | undefined;
    readonly deviceApi: string;
    readonly availableInstances: number;
  }[];
}

/** All node devices at one moment. */
export interface NodeDeviceListing {
  readonly pciDevices: readonly ListedPciDevice[];
  readonly parents: readonly ListedParent[];
  readonly mdevs: readonly MdevVgpu[];
}

/** Which mediated device: the UUID alone is not enough. */
export interface MdevId {
  readonly uuid: Uuid;
  readonly parent: ParentName;
}

/** What a new definition says. */
export interface MdevDefinition extends MdevId {
  readonly typeId: MdevTypeId;
  readonly attributes: readonly MdevAttribute[];
}

/**
 * Node devices of one host. Every method settles when the change can be read back, or rejects with a DeviceError:
 * NotFound, AlreadyExists, NoAvailableInstances, DeviceBusy, InvalidState, NotSupported, NotAuthorized, Unavailable,
 * TimedOut, Ambiguous, Internal. A rejected change has changed nothing, but for TimedOut.
 */
export interface NodeDevicePort {
  /** Everything, read anew. */
  list(): Promise<NodeDeviceListing>;
  /**
   * Cheaper than `list`: of the last listing only what events told of since, and what was changed through this port, is
   * read anew. What libvirt tells nobody is missing: a PCI device's driver that changes with a domain. A device and a list of devices that are as they were are the same objects as before.
   */
  listChanged(): Promise<NodeDeviceListing>;
  /** Stores a definition; for an active transient mdev it makes that one persistent. AlreadyExists when it is stored already. */
  define(definition: MdevDefinition): Promise<void>;
  /** Makes a stored, inactive mdev active. NoAvailableInstances when the parent is full. */
  start(id: MdevId): Promise<void>;
  /** Makes an active mdev inactive; a transient one is gone. DeviceBusy while a domain holds it. */
  stop(id: MdevId): Promise<void>;
  /** Removes the definition; an active mdev goes on as a transient one. */
  undefine(id: MdevId): Promise<void>;
  /** Whether the mdev starts with its parent. InvalidState when it is not persistent. */
  setAutostart(id: MdevId, autostart: boolean): Promise<void>;
}

/** A domain's stored document at one moment; `revision` is equal only for equal documents. */
export interface DomainRevision {
  readonly uuid: Uuid;
  readonly revision: string;
}

/** What a list of edits would make of a domain's stored document. */
export interface EditedDomain extends DomainRevision {
  /** Unified diff of the stored document, secrets redacted; empty when nothing changes. */
  readonly diff: string;
}

/** Domains of one host. */
export interface DomainPort {
  /** Everything, read anew. A domain that does not answer is listed as it was last, or else as unreadable. */
  list(): Promise<readonly Domain[]>;
  /** As for node devices: of the last listing only what may have changed since is read anew. */
  listChanged(): Promise<readonly Domain[]>;
  /** What the edits would change; changes nothing. NotFound, InvalidState (transient), InvalidArgument (an edit's precondition). */
  preview(domain: Uuid, edits: readonly DomainEdit[]): Promise<EditedDomain>;
  /**
   * Applies the edits to the stored document in one define.
   * InvalidState when the document is no longer the one with this revision: somebody changed it meanwhile.
   */
  apply(expected: DomainRevision, edits: readonly DomainEdit[]): Promise<void>;
  /** The QEMU command line libvirt would run for the stored document, one argument an item (virConnectDomainXMLToNative). */
  nativeCommand(domain: Uuid): Promise<readonly string[]>;
  start(domain: Uuid): Promise<void>;
  /** Asks the guest to shut down. */
  shutdown(domain: Uuid): Promise<void>;
  /** Ends the domain at once. */
  forceOff(domain: Uuid): Promise<void>;
}

/** What libvirt does not report about one PCI function. */
export interface PciFacts {
  readonly revision: number | undefined;
  readonly bootVga: boolean;
  readonly renderNode: string | undefined;
  readonly className: string | undefined;
  readonly vendorName: string | undefined;
  readonly productName: string | undefined;
}

/** What libvirt does not report about one mdev type. */
export interface MdevTypeFacts {
  readonly name: string | undefined;
  readonly description: string | undefined;
}

/** Facts from sysfs and the distribution's databases. Never rejects: what cannot be read is undefined. */
export interface HostFactsPort {
  pciFacts(device: ListedPciDevice): Promise<PciFacts>;
  mdevTypeFacts(parent: ListedParent, typeId: MdevTypeId): Promise<MdevTypeFacts>;
  /** Version of the mdevctl installed on the host, `1.2.0`; undefined when unknown. */
  mdevctlVersion(): Promise<string | undefined>;
}

/** Versions and reachability of the virtualization daemon. */
export interface HypervisorStatus {
  readonly connected: boolean;
  /** Without credentials. */
  readonly uri: string;
  /** `9.0.0`; undefined while it was never reached. */
  readonly libvirtVersion: string | undefined;
}

/**
 * How much an event may leave out. `some`: both ports' `listChanged` read again what changed. `everything`: nobody can
 * tell, as after a connection was lost: only `list` is right.
 */
export type ChangeExtent = 'some' | 'everything';

/** Says that something may have changed; the receiver reads again and compares. */
export interface EventPort {
  /** @returns a function that ends the subscription. */
  onChange(listener: (extent: ChangeExtent) => void): () => void;
  onStatus(listener: (status: HypervisorStatus) => void): () => void;
  status(): HypervisorStatus;
}

export interface Clock {
  /** Microseconds since the epoch, for people: somebody may set the host's clock meanwhile. */
  nowUsec(): bigint;
  /** Microseconds since some moment, for durations: as `delay` does, it knows nothing of the host's clock. */
  elapsedUsec(): bigint;
  /** Settles after so many milliseconds. */
  delay(ms: number): Promise<void>;
}

/** One host seen through all its ports. */
export interface HostPorts {
  readonly nodeDevices: NodeDevicePort;
  readonly domains: DomainPort;
  readonly facts: HostFactsPort;
  readonly events: EventPort;
  /** Ends connections and subscriptions. */
  close(): Promise<void>;
}
