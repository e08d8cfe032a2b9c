// SPDX-License-Identifier: LGPL-2.1-or-later
export * from './constants.js';
export { Connection } from './connection.js';
export type { CallOptions } from './call.js';
export type { CloseOptions, CloseReason } from './connection-life.js';
export type { DomainCapabilitiesQuery } from './connection.js';
export { Domain } from './domain.js';
export type {
  DomainInfo,
  DomainJobInfo,
  DomainStateAndReason,
  ListSnapshotsOptions,
  MetadataChange,
  MetadataQuery,
  OpenChannelOptions,
  OpenConsoleOptions,
  Screenshot,
  ScreenshotOptions,
} from './domain.js';
export { DisposedError, LibraryUnavailableError, LibvirtError } from './errors.js';
export type { LibvirtErrorFields } from './errors.js';
export type {
  DomainDeviceEvent,
  DomainEvents,
  DomainLifecycleEvent,
  DomainMetadataEvent,
  NodeDeviceLifecycleEvent,
  NodeDeviceUpdateEvent,
  Subscription,
} from './events.js';
export type { SnapshotRecord } from './native.js';
export type {
  DomainDetails,
  DomainRecord,
  ListDomainsOptions,
  ListNodeDevicesOptions,
  NodeDeviceDetails,
  NodeDeviceField,
  NodeDeviceRecord,
  NodeDeviceRecordOf,
  ReadDomainRecord,
  ReadNodeDevicesOptions,
  RefusedDomainRecord,
} from './records.js';
export { NodeDevice } from './node-device.js';
export { libraryVersion, open } from './open.js';
export type { KeepAlive, OpenOptions } from './open.js';
export { DomainStream } from './stream.js';
