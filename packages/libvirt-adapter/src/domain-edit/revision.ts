// SPDX-License-Identifier: LGPL-2.1-or-later
import { createHash } from 'node:crypto';

/** Equal only for equal documents; libvirt prints an unchanged definition in the same bytes every time. */
export function revisionOf(xml: string): string {
  return createHash('sha256').update(xml).digest('hex');
}
