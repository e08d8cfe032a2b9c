// SPDX-License-Identifier: LGPL-2.1-or-later
import { cleanDisplayText } from '@vgpu/core';

const maxDescriptionLength = 4096;

/** One line without control characters; absent is empty. */
export function shownText(text: string | undefined): string {
  return cleanDisplayText(text ?? '');
}

/** A driver's description: its lines as they are, without any other control character. */
export function shownLines(text: string | undefined): string {
  return (text ?? '').replaceAll(/[^\n\P{Cc}]|[\p{Cs}]/gu, '').slice(0, maxDescriptionLength);
}
