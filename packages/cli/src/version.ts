// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';

/** The version in this package's manifest, `0.1.0`. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
