// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * What was looked at and accepted as our output, to compare the text with.
 * UPDATE_GOLDEN=1 accepts the text; CI refuses that variable.
 */
export function readGolden(name: string, text: string): string {
  return readAccepted(new URL(`golden/${name}.golden`, import.meta.url), text);
}

/** The same for a file that people read. */
export function readAccepted(file: URL, text: string): string {
  if (process.env['UPDATE_GOLDEN'] === '1' && !process.env['CI']) writeFileSync(file, text);
  return readFileSync(file, 'utf8');
}

/** What another program printed, recorded; never written by a test. */
export function readReference(name: string): string {
  return readFileSync(new URL(`reference/${name}.txt`, import.meta.url), 'utf8');
}
