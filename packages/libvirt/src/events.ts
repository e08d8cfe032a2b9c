// SPDX-License-Identifier: LGPL-2.1-or-later
import type { CallOptions } from './call.js';
import { native, type NativeEvent } from './native.js';

export interface NodeDeviceLifecycleEvent {
  readonly name: string;
  /** One of `NodeDeviceLifecycle`. DELETED means stopped: a persistent device is still there. */
  readonly event: number;
  readonly detail: number;
}

/** The device's XML changed. */
export interface NodeDeviceUpdateEvent {
  readonly name: string;
}

export interface DomainLifecycleEvent {
  readonly name: string;
  readonly uuid: string;
  /** One of `DomainLifecycle`. */
  readonly event: number;
  /** Its meaning depends on `event`: `DomainDefinedDetail`, `DomainStartedDetail`, … */
  readonly detail: number;
}

export interface DomainDeviceEvent {
  readonly name: string;
  readonly uuid: string;
  /** The device's `<alias name>` in the domain's XML. */
  readonly devAlias: string;
}

export interface DomainMetadataEvent {
  readonly name: string;
  readonly uuid: string;
  /** One of `DomainMetadataType`. */
  readonly type: number;
  /** Only for `DomainMetadataType.ELEMENT`. */
  readonly nsuri: string | null;
}

/** The events that `Connection.onDomainEvent` knows, with what each carries. */
export interface DomainEvents {
  readonly lifecycle: DomainLifecycleEvent;
  readonly 'device-added': DomainDeviceEvent;
  readonly 'device-removed': DomainDeviceEvent;
  readonly 'device-removal-failed': DomainDeviceEvent;
  readonly 'metadata-change': DomainMetadataEvent;
}

/** Ends a subscription. No event is delivered after the call, also before the promise resolves. */
export interface Subscription extends AsyncDisposable {
  /** The signal ends the waiting for libvirt, not the disposing. */
  dispose(options?: CallOptions): Promise<void>;
}

/** virDomainEventID */
export const domainEventIds = {
  lifecycle: 0,
  'device-removed': 15,
  'device-added': 19,
  'device-removal-failed': 22,
  'metadata-change': 23,
} as const satisfies Record<keyof DomainEvents, number>;

/** virNodeDeviceEventID */
export const nodeDeviceEventIds = { lifecycle: 0, update: 1 } as const;

const listeners = new Map<number, (event: NativeEvent) => void>();
let nextToken = 1;

/** A number under which native code delivers events to the listener, from now until `removeListener`. */
export function addListener(listener: (event: NativeEvent) => void): number {
  const token = nextToken++;
  listeners.set(token, listener);
  return token;
}

export function removeListener(token: number): void {
  listeners.delete(token);
}

/** Calls what the user gave us; an exception is the process's uncaught exception and disturbs no other listener. */
export function callUser<T>(callback: (value: T) => void, value: T): void {
  try {
    callback(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

native.setDispatcher((event) => listeners.get(event.token)?.(event));
// process.exit() runs no native clean-up: calls in flight get a moment to end, so that C libraries' exit handlers do not
// race against them, and connections are closed in order.
process.once('exit', () => native.shutdown());
