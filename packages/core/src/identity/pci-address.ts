// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '../errors.js';
import { quoteText } from '../rules/display-text.js';

declare const brand: unique symbol;

/** A PCI function in the kernel's notation, hexadecimal and lower case, with the domain: `0000:3b:00.4`. */
export type PciAddress = string & { readonly [brand]: 'PciAddress' };

const fullAddress = /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/** Whether the text is a PCI address with its domain, in lower case. */
export function isPciAddress(text: string): text is PciAddress {
  return fullAddress.test(text);
}

/**
 * Reads `0000:3b:00.4` or, as lspci prints it, `3b:00.4` (domain 0000); upper case is accepted.
 * @throws DeviceError InvalidArgument when it is neither.
 */
export function parsePciAddress(text: string): PciAddress {
  const lower = text.toLowerCase();
  const full = /^[0-9a-f]{2}:/.test(lower) ? `0000:${lower}` : lower;
  if (!isPciAddress(full)) {
    throw new DeviceError('InvalidArgument', `${quoteText(text)} is not a PCI address like 0000:00:02.0`);
  }
  return full;
}
