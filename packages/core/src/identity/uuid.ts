// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';

declare const brand: unique symbol;

/** A UUID in its canonical form: lower case, five groups. */
export type Uuid = string & { readonly [brand]: 'Uuid' };

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws DeviceError InvalidArgument; upper case is accepted and made lower. */
export function parseUuid(text: string): Uuid {
  const lower = text.toLowerCase();
  if (!canonical.test(lower)) {
    throw new DeviceError(
      'InvalidArgument',
      `${JSON.stringify(text)} is not a UUID like 7686131b-b229-4768-a02c-35d1dbed7c66`,
    );
  }
  return lower as Uuid;
}
