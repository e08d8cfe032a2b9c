// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import { quoteText } from '../rules/display-text.js';

declare const brand: unique symbol;

/** A UUID in its canonical form: lower case, five groups. */
export type Uuid = string & { readonly [brand]: 'Uuid' };

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Upper case is accepted and made lower. All zeros are a UUID like any other: the kernel, mdevctl and libvirt make, list
 * and assign such a device, so that a refusal would hide it.
 * @throws DeviceError InvalidArgument
 */
export function parseUuid(text: string): Uuid {
  const lower = text.toLowerCase();
  if (!canonical.test(lower)) {
    throw new DeviceError(
      'InvalidArgument',
      `${quoteText(text)} is not a UUID like 7686131b-b229-4768-a02c-35d1dbed7c66`,
    );
  }
  return lower as Uuid;
}
