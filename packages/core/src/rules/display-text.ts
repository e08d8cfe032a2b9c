// SPDX-License-Identifier: LGPL-2.1-or-later

/** Longest label, name or title that is shown, in code points. */
export const maxDisplayTextLength = 128;

// Cc and Cf (controls, bidirectional marks, zero-width), Zl and Zp (line breaks), Cs (halves of characters), Co, Cn.
const notShown = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]+/gu;

/**
 * Makes text from elsewhere fit to be shown in one line: no control, bidirectional or invisible characters
 * (each run becomes one space), no space around it, and at most so many code points, the last one "…" when cut.
 */
export function cleanDisplayText(text: string, maxLength = maxDisplayTextLength): string {
  const cleaned = text.replace(notShown, ' ').replace(/\s+/gu, ' ').trim();
  const points = [...cleaned];
  return points.length <= maxLength ? cleaned : `${points.slice(0, maxLength - 1).join('')}…`;
}
