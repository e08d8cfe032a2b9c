// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, type ErrorCode, type ErrorDetails } from '@vgpu/core';
import { DisposedError, ErrorDomain, ErrorNumber, LibraryUnavailableError, LibvirtError } from '@vgpu/libvirt';

/**
 * What libvirt's error numbers mean here. A number that is missing is Internal: libvirt reports everything mdevctl and
 * QEMU say as 1, and an XML error is a mistake of ours. Neighbours are told apart by reading the state again, before
 * and after a call, never by the text, but for one number in it: see toMdevChangeError().
 */
const codeByErrorNumber: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [ErrorNumber.NO_SUPPORT, 'NotSupported'],
  [ErrorNumber.OPERATION_UNSUPPORTED, 'NotSupported'],
  [ErrorNumber.CONFIG_UNSUPPORTED, 'NotSupported'],
  [ErrorNumber.ARGUMENT_UNSUPPORTED, 'NotSupported'],
  [ErrorNumber.OPERATION_DENIED, 'NotAuthorized'],
  [ErrorNumber.ACCESS_DENIED, 'NotAuthorized'],
  [ErrorNumber.AUTH_FAILED, 'NotAuthorized'],
  [ErrorNumber.AUTH_CANCELLED, 'NotAuthorized'],
  [ErrorNumber.AUTH_UNAVAILABLE, 'NotAuthorized'],
  [ErrorNumber.NO_CONNECT, 'Unavailable'],
  [ErrorNumber.INVALID_CONN, 'Unavailable'],
  [ErrorNumber.RPC, 'Unavailable'],
  [ErrorNumber.NO_DOMAIN, 'NotFound'],
  [ErrorNumber.NO_NODE_DEVICE, 'NotFound'],
  [ErrorNumber.DEVICE_MISSING, 'NotFound'],
  [ErrorNumber.DOM_EXIST, 'AlreadyExists'],
  [ErrorNumber.RESOURCE_BUSY, 'DeviceBusy'],
  [ErrorNumber.OPERATION_INVALID, 'InvalidState'],
  [ErrorNumber.OPERATION_TIMEOUT, 'TimedOut'],
  [ErrorNumber.AGENT_UNRESPONSIVE, 'TimedOut'],
]);

/** Linux's error numbers for a write to `create` or `remove` of an mdev. */
const codeByKernelError: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['16', 'DeviceBusy'],
  ['28', 'NoAvailableInstances'],
]);

/** errno of what is not there. */
const ENOENT = 2;

const phraseByErrorCode = {
  Internal: 'the host refused and gave no reason that can be told',
  InvalidArgument: 'the request is not valid',
  NotSupported: 'this host cannot do it',
  NotAuthorized: 'libvirt does not allow it',
  Unavailable: 'libvirt cannot be reached',
  NotFound: 'it does not exist',
  AlreadyExists: 'it exists already',
  NoAvailableInstances: 'there are no available instances',
  DeviceBusy: 'it is in use',
  NotAssignable: 'it cannot be assigned',
  InvalidState: 'its state does not allow it',
  TimedOut: 'there was no answer in time',
  Ambiguous: 'it is ambiguous',
  RolledBack: 'it was rolled back',
} as const satisfies Record<ErrorCode, string>;

/** What libvirt's error means before anything is read again. */
export function codeOfError(error: unknown): ErrorCode {
  if (error instanceof DeviceError) return error.code;
  if (error instanceof DisposedError || error instanceof LibraryUnavailableError) return 'Unavailable';
  if (!(error instanceof LibvirtError)) return 'Internal';
  if (isConnectionLoss(error)) return 'Unavailable';
  return codeByErrorNumber.get(error.code) ?? 'Internal';
}

/** A lost socket shows as 38, the calls behind it as 1, both from the RPC client. */
function isConnectionLoss({ code, domain }: LibvirtError): boolean {
  const fromClient = domain === ErrorDomain.RPC || domain === ErrorDomain.REMOTE;
  return fromClient && (code === ErrorNumber.SYSTEM_ERROR || code === ErrorNumber.INTERNAL_ERROR);
}

/**
 * The DeviceError for a failed call; one that is a DeviceError already stays.
 * @param what the object and what was to be done with it: `vGPU 7686… could not be started`
 */
export function toDeviceError(error: unknown, what: string, details: ErrorDetails = {}): DeviceError {
  if (error instanceof DeviceError) return error;
  const code = codeOfError(error);
  return new DeviceError(code, `${what}: ${phraseByErrorCode[code]}`, { details, cause: error });
}

/** The same for a change that was sent: when the connection was lost nobody knows whether it was made. */
export function toChangeError(error: unknown, what: string, details: ErrorDetails = {}): DeviceError {
  if (error instanceof DeviceError || codeOfError(error) !== 'Unavailable') return toDeviceError(error, what, details);
  return new DeviceError('TimedOut', `${what}: the connection to libvirt was lost, the outcome is unknown`, {
    details,
    cause: error,
  });
}

/**
 * The same for the start or the stop of an mdev, of which nothing that can be read tells why the kernel refused it. The
 * number with which mdevctl, and so libvirt's message, ends does: `(os error 16)`. It is the kernel's and the same in all
 * languages, holds nobody's text, and is the last word, so that no name before it is taken for it. Only here: in a change
 * of a definition 28 is a full disk.
 */
export function toMdevChangeError(error: unknown, what: string, details: ErrorDetails = {}): DeviceError {
  const code = codeOfKernelError(error);
  if (code === undefined) return toMdevDefinitionError(error, what, details);
  return new DeviceError(code, `${what}: ${phraseByErrorCode[code]}`, { details, cause: error });
}

/**
 * The same for a change of a definition. libvirt has mdevctl make it, too: a program that libvirt does not find is the
 * system's error, of no part of libvirt, with errno.
 */
export function toMdevDefinitionError(error: unknown, what: string, details: ErrorDetails = {}): DeviceError {
  const isProgramMissing =
    error instanceof LibvirtError &&
    error.code === ErrorNumber.SYSTEM_ERROR &&
    error.domain === ErrorDomain.NONE &&
    error.int1 === ENOENT;
  if (!isProgramMissing) return toChangeError(error, what, details);
  return new DeviceError('NotSupported', `${what}: libvirt does not find mdevctl on the host`, {
    details,
    cause: error,
  });
}

function codeOfKernelError(error: unknown): ErrorCode | undefined {
  if (!(error instanceof LibvirtError)) return undefined;
  if (error.code !== ErrorNumber.INTERNAL_ERROR || error.domain !== ErrorDomain.NODEDEV) return undefined;
  const [, number = ''] = /\(os error (\d+)\)\s*$/.exec(error.message) ?? [];
  return codeByKernelError.get(number);
}
