// SPDX-License-Identifier: LGPL-2.1-or-later
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeDomainRecord, NodeDeviceRecord } from './records.js';

declare const brand: unique symbol;
interface Handle<Kind extends string> {
  readonly [brand]: Kind;
}
export type ConnectionHandle = Handle<'Connection'>;
export type NodeDeviceHandle = Handle<'NodeDevice'>;
export type DomainHandle = Handle<'Domain'>;
export type StreamHandle = Handle<'Stream'>;

export interface NativeNodeDevice {
  readonly handle: NodeDeviceHandle;
  readonly name: string;
}

export interface NativeDomain {
  readonly handle: DomainHandle;
  readonly name: string;
  readonly uuid: string;
}

/** What libvirt's event thread delivers; `token` is the subscription's, the connection's or the stream's. */
export type NativeEvent =
  | { readonly token: number; readonly kind: 'close'; readonly reason: number }
  /** Time to try again what gave null; nothing more comes before that. */
  | { readonly token: number; readonly kind: 'stream'; readonly events: number }
  | {
      readonly token: number;
      readonly kind: 'node-device';
      readonly name: string;
      readonly event: number;
      readonly detail: number;
    }
  | { readonly token: number; readonly kind: 'node-device-update'; readonly name: string }
  | {
      readonly token: number;
      readonly kind: 'domain-lifecycle';
      readonly name: string;
      readonly uuid: string;
      readonly event: number;
      readonly detail: number;
    }
  | {
      readonly token: number;
      readonly kind: 'domain-device';
      readonly name: string;
      readonly uuid: string;
      readonly devAlias: string;
    }
  | {
      readonly token: number;
      readonly kind: 'domain-metadata';
      readonly name: string;
      readonly uuid: string;
      readonly type: number;
      readonly nsuri: string | null;
    };

/** A snapshot of a domain and everything that can be read about it in the same hop. */
export interface SnapshotRecord {
  readonly name: string;
  /** The snapshot that it was made on; absent for a root of the tree. */
  readonly parent: string | null;
  /** Whether it is the one that the next snapshot will be made on. */
  readonly current: boolean;
  readonly xml: string;
}

/** The addon's functions; each rejects with a `NativeFailure` and throws a TypeError for a wrong argument. */
export interface Native {
  setDispatcher(dispatch: (event: NativeEvent) => void): void;
  /** Stops taking work and waits, at most a quarter of a second, for calls in flight: for the end of the process. */
  shutdown(): void;
  /** The number of the call that was made last, for `giveUp`. */
  lastCall(): number;
  /** Rejects a call at once with the reason, and does not begin it if it waits. False when it was answered before. */
  giveUp(call: number, reason: unknown): boolean;
  libraryVersion(): Promise<bigint>;

  connectionOpen(
    uri: string,
    readOnly: boolean,
    keepAliveInterval: number,
    keepAliveCount: number,
    token: number,
  ): Promise<ConnectionHandle>;
  connectionClose(connection: ConnectionHandle): Promise<void>;
  /** Gives every call of the connection up, also that of `connectionClose`, and takes no more. */
  connectionAbandon(connection: ConnectionHandle): void;
  /** Keeps the process alive while true. */
  connectionHold(connection: ConnectionHandle, hold: boolean): void;
  connectionGetUri(connection: ConnectionHandle): Promise<string>;
  connectionGetLibVersion(connection: ConnectionHandle): Promise<bigint>;
  connectionGetVersion(connection: ConnectionHandle): Promise<bigint>;
  connectionGetHostname(connection: ConnectionHandle): Promise<string>;
  connectionGetCapabilities(connection: ConnectionHandle): Promise<string>;
  connectionGetDomainCapabilities(
    connection: ConnectionHandle,
    emulator: string | null,
    arch: string | null,
    machine: string | null,
    virtType: string | null,
    flags: number,
  ): Promise<string>;
  connectionGetType(connection: ConnectionHandle): Promise<string>;
  connectionIsSecure(connection: ConnectionHandle): Promise<boolean>;
  connectionIsEncrypted(connection: ConnectionHandle): Promise<boolean>;
  connectionGetSysinfo(connection: ConnectionHandle): Promise<string>;
  connectionGetMaxVcpus(connection: ConnectionHandle, type: string | null): Promise<number>;
  connectionCountHandles(connection: ConnectionHandle): Promise<number>;
  connectionIsAlive(connection: ConnectionHandle): Promise<boolean>;
  connectionDomainXmlToNative(connection: ConnectionHandle, format: string, xml: string): Promise<string>;
  connectionDomainXmlFromNative(connection: ConnectionHandle, format: string, config: string): Promise<string>;

  listAllNodeDevices(connection: ConnectionHandle, flags: number): Promise<NativeNodeDevice[]>;
  /** `fields`: the bits of records.ts; what they leave out is absent, whatever the type says. */
  listNodeDevicesWithXml(
    connection: ConnectionHandle,
    flags: number,
    xmlFlags: number,
    fields: number,
  ): Promise<NodeDeviceRecord[]>;
  readNodeDevices(
    connection: ConnectionHandle,
    names: readonly string[],
    xmlFlags: number,
    fields: number,
  ): Promise<NodeDeviceRecord[]>;
  listNodeDeviceNames(connection: ConnectionHandle, flags: number): Promise<string[]>;
  lookupNodeDeviceByName(connection: ConnectionHandle, name: string): Promise<NativeNodeDevice>;
  defineNodeDeviceXml(connection: ConnectionHandle, xml: string, flags: number): Promise<NativeNodeDevice>;
  createNodeDeviceXml(connection: ConnectionHandle, xml: string, flags: number): Promise<NativeNodeDevice>;

  nodeDeviceRelease(device: NodeDeviceHandle): void;
  nodeDeviceGetParent(device: NodeDeviceHandle): Promise<string | null>;
  nodeDeviceListCaps(device: NodeDeviceHandle): Promise<string[]>;
  nodeDeviceGetXmlDesc(device: NodeDeviceHandle, flags: number): Promise<string>;
  nodeDeviceCreate(device: NodeDeviceHandle, flags: number): Promise<void>;
  nodeDeviceDestroy(device: NodeDeviceHandle): Promise<void>;
  nodeDeviceUndefine(device: NodeDeviceHandle, flags: number): Promise<void>;
  nodeDeviceGetAutostart(device: NodeDeviceHandle): Promise<boolean>;
  nodeDeviceSetAutostart(device: NodeDeviceHandle, autostart: boolean): Promise<void>;
  nodeDeviceIsActive(device: NodeDeviceHandle): Promise<boolean>;
  nodeDeviceIsPersistent(device: NodeDeviceHandle): Promise<boolean>;
  nodeDeviceUpdate(device: NodeDeviceHandle, xml: string, flags: number): Promise<void>;
  nodeDeviceDetachFlags(device: NodeDeviceHandle, driver: string | null, flags: number): Promise<void>;
  nodeDeviceReAttach(device: NodeDeviceHandle): Promise<void>;
  nodeDeviceReset(device: NodeDeviceHandle): Promise<void>;

  listAllDomains(connection: ConnectionHandle, flags: number): Promise<NativeDomain[]>;
  listDomainsWithXml(
    connection: ConnectionHandle,
    flags: number,
    xmlFlags: number,
    inactiveXmlFlags: number,
  ): Promise<NativeDomainRecord[]>;
  lookupDomainByName(connection: ConnectionHandle, name: string): Promise<NativeDomain>;
  lookupDomainByUuid(connection: ConnectionHandle, uuid: string): Promise<NativeDomain>;
  lookupDomainById(connection: ConnectionHandle, id: number): Promise<NativeDomain>;
  createDomainXml(connection: ConnectionHandle, xml: string, flags: number): Promise<NativeDomain>;
  defineDomainXml(connection: ConnectionHandle, xml: string, flags: number): Promise<NativeDomain>;

  domainRelease(domain: DomainHandle): void;
  domainGetState(domain: DomainHandle): Promise<{ state: number; reason: number }>;
  domainGetXmlDesc(domain: DomainHandle, flags: number): Promise<string>;
  domainIsActive(domain: DomainHandle): Promise<boolean>;
  domainIsPersistent(domain: DomainHandle): Promise<boolean>;
  domainCreate(domain: DomainHandle, flags: number): Promise<void>;
  domainShutdown(domain: DomainHandle, flags: number): Promise<void>;
  domainDestroy(domain: DomainHandle, flags: number): Promise<void>;
  domainUndefine(domain: DomainHandle, flags: number): Promise<void>;
  domainAttachDevice(domain: DomainHandle, xml: string, flags: number): Promise<void>;
  domainDetachDevice(domain: DomainHandle, xml: string, flags: number): Promise<void>;
  domainUpdateDevice(domain: DomainHandle, xml: string, flags: number): Promise<void>;
  domainDetachDeviceAlias(domain: DomainHandle, alias: string, flags: number): Promise<void>;
  domainGetMetadata(domain: DomainHandle, type: number, uri: string | null, flags: number): Promise<string>;
  domainSetMetadata(
    domain: DomainHandle,
    type: number,
    metadata: string | null,
    key: string | null,
    uri: string | null,
    flags: number,
  ): Promise<void>;
  domainGetAutostart(domain: DomainHandle): Promise<boolean>;
  domainSetAutostart(domain: DomainHandle, autostart: boolean): Promise<void>;
  domainHasManagedSaveImage(domain: DomainHandle): Promise<boolean>;
  domainManagedSaveRemove(domain: DomainHandle): Promise<void>;
  domainGetJobInfo(domain: DomainHandle): Promise<{ type: number; timeElapsedMs: bigint; timeRemainingMs: bigint }>;
  domainSuspend(domain: DomainHandle): Promise<void>;
  domainResume(domain: DomainHandle): Promise<void>;
  domainReboot(domain: DomainHandle, flags: number): Promise<void>;
  domainReset(domain: DomainHandle, flags: number): Promise<void>;
  domainManagedSave(domain: DomainHandle, flags: number): Promise<void>;
  domainAbortJob(domain: DomainHandle): Promise<void>;
  domainGetInfo(domain: DomainHandle): Promise<{
    state: number;
    maxMemoryKiB: bigint;
    memoryKiB: bigint;
    vcpus: number;
    cpuTimeNs: bigint;
  }>;
  domainGetId(domain: DomainHandle): Promise<number | null>;
  domainGetOsType(domain: DomainHandle): Promise<string>;
  domainIsUpdated(domain: DomainHandle): Promise<boolean>;
  domainSnapshotNum(domain: DomainHandle, flags: number): Promise<number>;
  domainListSnapshots(domain: DomainHandle, flags: number, xmlFlags: number): Promise<SnapshotRecord[]>;
  domainScreenshot(domain: DomainHandle, screen: number): Promise<{ mimeType: string; data: Buffer }>;
  domainOpenConsole(domain: DomainHandle, device: string | null, flags: number, token: number): Promise<StreamHandle>;
  domainOpenChannel(domain: DomainHandle, name: string | null, flags: number, token: number): Promise<StreamHandle>;

  /** At most 64 KiB, empty at the end; null when there is nothing now, and then an event of the kind `stream` comes. */
  streamReceive(stream: StreamHandle): Promise<Buffer | null>;
  /** How many bytes were taken, of at most 64 KiB; null when none can be now, and then an event comes. */
  streamSend(stream: StreamHandle, data: Buffer): Promise<number | null>;
  streamRelease(stream: StreamHandle): void;

  /** libvirt takes one registration for each event; ending one that does not exist does nothing. */
  subscribeNodeDevice(connection: ConnectionHandle, eventId: number, token: number): Promise<void>;
  subscribeDomain(connection: ConnectionHandle, eventId: number, token: number): Promise<void>;
  unsubscribeNodeDevice(connection: ConnectionHandle, eventId: number): Promise<void>;
  unsubscribeDomain(connection: ConnectionHandle, eventId: number): Promise<void>;
}

const require = createRequire(import.meta.url);
const load = require('node-gyp-build') as (folder: string) => unknown;
/** Holds both src/ and dist/, and the addon in build/Release/ or prebuilds/. */
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

// The environment variable lets the memory checks load their own build.
const chosen = process.env['LIBVIRT_NODE_ADDON'];
export const native = (chosen === undefined ? load(packageFolder) : require(chosen)) as Native;
