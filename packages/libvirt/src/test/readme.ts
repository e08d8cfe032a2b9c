// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';

export interface Example {
  readonly section: string;
  /** Without the import of the package: `runScript` gives everything as `libvirt`. */
  readonly code: string;
  /** What the README says that it prints, if anything. */
  readonly output: string | undefined;
}

/** Every example of the README, in order. */
export function examples(): Example[] {
  const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  return text.split(/^## /m).flatMap((part) => {
    const section = part.slice(0, part.indexOf('\n'));
    return [...part.matchAll(/^```js\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(([, code, output]) => ({
      section,
      code: code!.replace(/^import (\{[^}]*\}) from '@vgpu\/libvirt';$/m, 'const $1 = libvirt;'),
      output,
    }));
  });
}
