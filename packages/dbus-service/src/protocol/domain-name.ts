// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText } from '@vgpu/core';

/** Longest name that is published as it is, in bytes: a file name's limit, which libvirt's names have in practice. */
const maxExactBytes = 255;

// Cc and Cf (controls, bidirectional marks, zero-width), Zl and Zp (line breaks), Cs (halves of characters), Co, Cn.
const notPublished = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;

/** How a virtual machine's name is published: exactly, or cleaned where it is too long or not all of it can be seen. */
export function publishedDomainName(name: string): string {
  const exact = !notPublished.test(name) && new TextEncoder().encode(name).length <= maxExactBytes;
  return exact ? name : cleanDisplayText(name);
}
