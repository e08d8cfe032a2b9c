// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * Every way a request can fail, and the exit status vgpuctl gives for it.
 * The set is closed; the D-Bus name is `me.phyllo.Vgpu1.Error.` and the code.
 */
export const exitStatusByErrorCode = {
  /** Our bug, or nobody could classify it; its text is fixed. */
  Internal: 1,
  /** Wrong whatever the host's state. */
  InvalidArgument: 2,
  /** This host, driver or libvirt cannot do it. */
  NotSupported: 3,
  /** polkit, the bus or libvirt refused. */
  NotAuthorized: 4,
  /** The service or libvirt is not reachable. */
  Unavailable: 7,
  /** No such device, type, vGPU or domain. */
  NotFound: 10,
  /** The UUID or the hostdev is already there. */
  AlreadyExists: 11,
  /** The type is right, the parent is full now; says who holds them. */
  NoAvailableInstances: 12,
  /** In use; names the domain. */
  DeviceBusy: 13,
  /** The IOMMU group or the driver forbids it. */
  NotAssignable: 14,
  /** Right object, wrong state. */
  InvalidState: 15,
  /** Outcome unknown; re-read. */
  TimedOut: 16,
  /** The UUID exists under several parents; names them. */
  Ambiguous: 17,
  /** A step failed, everything before it was undone; the message is that of the step's own error, details name both. */
  RolledBack: 18,
} as const;

export type ErrorCode = keyof typeof exitStatusByErrorCode;

/** Facts about a failure for programs: identifiers by name, values already formatted. */
export type ErrorDetails = Readonly<Record<string, string | readonly string[]>>;

/**
 * The only error that leaves a port, a rule or a plan.
 * The message names the object first, holds identifiers, is lower case without a full stop, and has no text of libvirt's.
 */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}
