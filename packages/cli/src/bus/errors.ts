// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type ErrorCode } from '@vgpu/core';
import { parseErrorName } from '@vgpu/dbus-service/protocol';
import { ErrorReply } from './connection.js';

const busPrefix = 'org.freedesktop.DBus.Error.';

/** What the bus itself answers, without its prefix. */
const codeByBusError: Readonly<Record<string, ErrorCode>> = {
  ServiceUnknown: 'Unavailable',
  NameHasNoOwner: 'Unavailable',
  Disconnected: 'Unavailable',
  NoServer: 'Unavailable',
  NoReply: 'TimedOut',
  Timeout: 'TimedOut',
  TimedOut: 'TimedOut',
  AccessDenied: 'NotAuthorized',
  AuthFailed: 'NotAuthorized',
  InteractiveAuthorizationRequired: 'NotAuthorized',
  InvalidArgs: 'InvalidArgument',
  UnknownObject: 'NotFound',
  UnknownInterface: 'NotSupported',
  UnknownMethod: 'NotSupported',
  UnknownProperty: 'NotSupported',
  LimitsExceeded: 'Unavailable',
};

/** For a packaged service, and for one that runs from its sources. */
const startHint = 'systemctl start vgpud, or npm start in the folder of its sources, starts it';

/** Every way of saying that nobody could start or find the service. */
function isServiceMissing(name: string): boolean {
  return name === 'ServiceUnknown' || name === 'NameHasNoOwner' || name.startsWith('Spawn.');
}

/** Whether polkit would have asked for a password if it had been allowed to. */
export function isInteractionRequired(error: unknown): boolean {
  return error instanceof ErrorReply && error.errorName === `${busPrefix}InteractiveAuthorizationRequired`;
}

/** The error reply in our closed set; what is not an error reply stays as it is. */
export function toDeviceError(error: unknown): unknown {
  if (!(error instanceof ErrorReply)) return error;
  const code = parseErrorName(error.errorName);
  if (code !== undefined) return new DeviceError(code, error.message, { cause: error });
  if (error.errorName.startsWith(busPrefix)) {
    const name = error.errorName.slice(busPrefix.length);
    if (isServiceMissing(name)) {
      return new DeviceError('Unavailable', `vgpud is not running and could not be started: ${startHint}`, {
        cause: error,
      });
    }
    if (Object.hasOwn(codeByBusError, name)) {
      return new DeviceError(codeByBusError[name] ?? 'Internal', error.message, { cause: error });
    }
  }
  return new DeviceError('Internal', `${error.errorName}: ${error.message}`, { cause: error });
}
