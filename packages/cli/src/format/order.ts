// SPDX-License-Identifier: LGPL-2.1-or-later

/** By the bytes of their UTF-8 form, as mdevctl and the C locale sort: `nvidia-105` before `nvidia-63`. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
