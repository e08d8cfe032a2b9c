// SPDX-License-Identifier: LGPL-2.1-or-later

// Control characters, invisible format characters (among them every bidirectional control), line and paragraph
// separators, and halves of surrogate pairs.
const notPlain = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * The text as one line that cannot move the cursor, hide or reorder anything: what is not plain becomes `\x1b` or
 * `\u{202e}`. Everything that came from the host goes through here before it is printed.
 */
export function plain(text: string): string {
  return text.replace(notPlain, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** As plain() for text of several lines: line feeds and tabs stay. */
export function plainLines(text: string): string {
  return text.replace(/[^\n\t]+/g, plain);
}

/** JSON with two spaces: the same value as JSON.stringify's, written in plain characters only. */
export function formatJson(value: unknown): string {
  const json = JSON.stringify(value, undefined, 2);
  return json.replace(/[^\n]+/g, (line) => line.replace(notPlain, escapeCodeUnits));
}

function escapeCodeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
