// SPDX-License-Identifier: LGPL-2.1-or-later

/** Longest label, name or title that is shown, in code points. */
export const maxDisplayTextLength = 128;

/** As much of a text as a message quotes, in code points. */
const maxQuotedLength = 64;

// Cc and Cf (controls, bidirectional marks, zero-width), Zl and Zp (line breaks), Cs (halves of characters), Co, Cn, and
// letters that are drawn as nothing: DI (fillers, selectors of variants) and the empty braille pattern.
const hidden = '\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Co}\\p{Cn}\\p{DI}\\u2800';
const notShown = new RegExp(`[${hidden}]+`, 'gu');
const notQuoted = new RegExp(`["\\\\${hidden}]|[^\\S ]`, 'gu');
const anyHidden = new RegExp(`[${hidden}]`, 'u');

/** Whether a text has characters that nobody sees, so that two different texts can look alike. */
export function hasHiddenCharacters(text: string): boolean {
  return anyHidden.test(text);
}

/**
 * Makes text from elsewhere fit to be shown in one line: no control, bidirectional or invisible characters
 * (each run becomes one space), no space around it, and at most so many code points, the last one "…" when cut.
 */
export function cleanDisplayText(text: string, maxLength = maxDisplayTextLength): string {
  const cleaned = text.replace(notShown, ' ').replace(/\s+/gu, ' ').trim();
  const points = [...cleaned];
  return points.length <= maxLength ? cleaned : `${points.slice(0, maxLength - 1).join('')}…`;
}

/**
 * Text that somebody gave and that is refused, as every message quotes it, so that what is wrong with it is seen: between
 * `"`, with `\x1b` or `\u{202e}` for what cannot be shown, and "…" after it when it is cut.
 */
export function quoteText(text: string): string {
  // No code point has more than two halves.
  const start = text.slice(0, 2 * maxQuotedLength + 2);
  const points = [...start];
  const quoted = points.slice(0, maxQuotedLength).join('').replace(notQuoted, escapeCharacter);
  return points.length <= maxQuotedLength ? `"${quoted}"` : `"${quoted}"…`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
