// SPDX-License-Identifier: LGPL-2.1-or-later
// The only module that knows dbus-next, whose declared types are wrong in places (flags, reply serials, private members).
import type { Socket } from 'node:net';
import { DeviceError } from '@vgpu/core';
import type { TypedValue } from '@vgpu/dbus-service/protocol';
import dbus from 'dbus-next';

const { Message, MessageType, Variant, systemBus } = dbus;

/** D-Bus specification: the caller allows that the user is asked for a password. */
const allowInteractiveAuthorization = 4;

/** The bus answers from memory: who waits longer waits for a bus that hangs. */
const connectTimeoutMs = 10_000;

/** One method call. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** D-Bus signature of the arguments; empty for none. */
  readonly signature: string;
  readonly args: readonly unknown[];
  readonly timeoutMs: number;
  readonly interactive: boolean;
}

/** An error reply, exactly as it was sent. */
export class ErrorReply extends Error {
  override readonly name = 'ErrorReply';
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.errorName = errorName;
  }
}

/** A connection to the system bus. */
export interface BusConnection {
  /**
   * The reply's values: dictionaries as objects, variants as TypedValue, 64-bit integers as bigint.
   * Rejects with ErrorReply, or with DeviceError: Unavailable when the bus is gone, TimedOut when it was sent and no
   * reply came.
   */
  call(call: BusCall): Promise<readonly unknown[]>;
  close(): void;
}

/** A value together with its D-Bus type, for arguments of type v. */
export function variant(signature: string, value: unknown): TypedValue {
  return new Variant(signature, value);
}

/**
 * Connects to the bus in DBUS_SYSTEM_BUS_ADDRESS, or else to the system's.
 * Rejects with DeviceError Unavailable.
 */
export async function connectSystemBus(): Promise<BusConnection> {
  const failures = new Set<(error: DeviceError) => void>();
  let lost: DeviceError | undefined;
  const fail = (error: unknown): void => {
    lost ??= unavailable(error);
    for (const reject of failures) reject(lost);
  };

  const bus = openBus();
  bus.on('error', fail);
  // dbus-next does not say that the bus has gone away; its socket does.
  const {
    _connection: { stream },
  } = bus as unknown as { readonly _connection: { readonly stream: Socket } };
  stream.on('close', () => fail(new Error('the connection was closed')));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error(`no answer within ${connectTimeoutMs / 1000} s`)), connectTimeoutMs);
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      failures.delete(rejectLost);
      finish();
    };
    const rejectLost = (error: DeviceError): void => settle(() => reject(error));
    failures.add(rejectLost);
    bus.on('connect', () => settle(resolve));
  }).catch((error: unknown) => {
    stream.destroy();
    throw error;
  });

  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) {
          reject(lost);
          return;
        }
        const timer = setTimeout(() => {
          const seconds = Math.round(call.timeoutMs / 1000);
          settle(() => reject(unanswered(call, `within ${seconds} s`)));
        }, call.timeoutMs);
        const settle = (finish: () => void): void => {
          clearTimeout(timer);
          failures.delete(rejectLost);
          finish();
        };
        const rejectLost = (error: DeviceError): void =>
          settle(() => reject(unanswered(call, 'before the bus closed the connection', error)));
        failures.add(rejectLost);
        bus.call(toMessage(call)).then(
          (reply) => settle(() => resolve(reply?.body ?? [])),
          (error: unknown) => settle(() => reject(toReplyError(error))),
        );
      }),
    // dbus-next's disconnect() waits for the bus to close as well, which one that hangs never does.
    close: () => stream.destroy(),
  };
}

function openBus(): dbus.MessageBus {
  try {
    return systemBus();
  } catch (error) {
    throw unavailable(error);
  }
}

function toMessage(call: BusCall): dbus.Message {
  return new Message({
    type: MessageType.METHOD_CALL,
    destination: call.destination,
    path: call.path,
    interface: call.interface,
    member: call.member,
    signature: call.signature,
    body: [...call.args],
    flags: (call.interactive ? allowInteractiveAuthorization : 0) as dbus.MessageFlag,
  });
}

function toReplyError(error: unknown): unknown {
  if (!(error instanceof dbus.DBusError)) return error;
  return new ErrorReply(error.type, error.text ?? '');
}

function unavailable(cause: unknown): DeviceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError('Unavailable', `the system bus cannot be reached: ${reason}`, { cause });
}

function unanswered(call: BusCall, when: string, cause?: DeviceError): DeviceError {
  const message = `${call.member} was not answered ${when}; it may still be going on`;
  return new DeviceError('TimedOut', message, cause === undefined ? {} : { cause });
}
