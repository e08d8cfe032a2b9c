// SPDX-License-Identifier: LGPL-2.1-or-later

/** An error of D-Bus itself, by its well-known name; everything else that callers see is a DeviceError. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly errorName: string;

  constructor(
    kind:
      | 'UnknownObject'
      | 'UnknownInterface'
      | 'UnknownMethod'
      | 'UnknownProperty'
      | 'PropertyReadOnly'
      | 'InvalidArgs'
      | 'LimitsExceeded'
      | 'AccessDenied'
      | 'InteractiveAuthorizationRequired'
      | 'Failed',
    message: string,
  ) {
    super(message);
    this.errorName = `org.freedesktop.DBus.Error.${kind}`;
  }
}
