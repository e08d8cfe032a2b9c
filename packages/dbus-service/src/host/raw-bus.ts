// SPDX-License-Identifier: LGPL-2.1-or-later
// The only module that knows dbus-next. It is used as a transport: messages in, messages out; its dispatcher, proxies
// and several of its types are wrong (see README.md).
// eslint-disable-next-line typescript/triple-slash-reference -- it declares a module that has no types, which nothing can import
/// <reference path="./dbus-next-marshall.d.ts" />
import dbus from 'dbus-next';
import marshaller from 'dbus-next/lib/marshall-compat.js';
import type { RawStream } from './stream-guard.js';

/** What dbus-next's messages really hold; its declarations differ. */
export interface RawMessage {
  readonly type: number;
  readonly serial: number;
  readonly path: string;
  readonly interface: string | undefined;
  readonly member: string;
  readonly sender: string;
  readonly signature: string;
  readonly body: readonly unknown[];
  readonly flags: number;
}

export interface RawBus {
  readonly name: string | null;
  readonly _connection: { readonly stream: RawStream; on(event: 'connect', listener: () => void): void };
  on(event: 'connect', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
  on(event: 'message', listener: (message: RawMessage) => void): void;
  addMethodHandler(handler: (message: RawMessage) => boolean): void;
  call(message: unknown): Promise<RawMessage>;
  send(message: unknown): void;
  newSerial(): number;
  disconnect(): void;
}

type MakeMessage = new (fields: object) => unknown;
export const Message = dbus.Message as unknown as MakeMessage;
export const RawError = dbus.DBusError;
export const { marshallMessage } = marshaller;
export const makeVariant = (signature: string, value: unknown) => new dbus.Variant(signature, value);

/** Begins to connect. @param address as the D-Bus specification writes it */
export function openRawBus(address: string): RawBus {
  return dbus.sessionBus({ busAddress: address }) as unknown as RawBus;
}

export function connectionOf(raw: RawBus): RawBus['_connection'] {
  const { _connection: connection } = raw;
  return connection;
}

export function streamOf(raw: RawBus): RawStream {
  return connectionOf(raw).stream;
}
