// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what is generated from a single truth: the host file's types from its schema.
// `--check` writes nothing and fails when a generated file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { compileFromFile } from 'json-schema-to-typescript';
import { format, resolveConfig } from 'prettier';

const root = new URL('..', import.meta.url).pathname;
const schema = `${root}packages/core/src/testing/host-file.schema.json`;
const target = `${root}packages/core/src/testing/host-file.ts`;
const banner = `// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from host-file.schema.json by \`pnpm generate\`; do not edit.`;

const source = await compileFromFile(schema, { additionalProperties: false, bannerComment: banner });
const text = await format(source, { ...(await resolveConfig(target)), parser: 'typescript' });
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is out of date: run pnpm generate`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
}
