// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';

const page = new URL('../../../docs/dbus-clients.md', import.meta.url);

/** A chapter's examples in one language as one program, and what the chapter says that it prints. */
export interface DocumentedProgram {
  readonly code: string;
  readonly output: string;
}

/** @throws where the chapter of docs/dbus-clients.md has no such example with its output */
export function documentedProgram(chapter: string, language: 'js' | 'sh'): DocumentedProgram {
  const text = readFileSync(page, 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith(`${chapter}\n`));
  const blocks = (of: string) =>
    [...(text ?? '').matchAll(new RegExp(`^\`\`\`${of}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block).join('');
  const program = { code: blocks(language), output: blocks('text') };
  if (program.code === '' || program.output === '') throw new Error(`no ${language} example in "${chapter}"`);
  return program;
}
