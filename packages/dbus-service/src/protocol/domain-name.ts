// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText, hasHiddenCharacters } from '@vgpu/core';

/** Longest name that is published as it is, in bytes: a file name's limit, which libvirt's names have in practice. */
const maxExactBytes = 255;

/** How a virtual machine's name is published: exactly, or cleaned where it is too long or not all of it can be seen. */
export function publishedDomainName(name: string): string {
  return isPublishedExactly(name) ? name : cleanDisplayText(name);
}

/** Whether it is published as it is: cleaned names of two machines can be equal. */
export function isPublishedExactly(name: string): boolean {
  return !hasHiddenCharacters(name) && new TextEncoder().encode(name).length <= maxExactBytes;
}
