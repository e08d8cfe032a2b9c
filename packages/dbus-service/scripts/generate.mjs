// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what follows from data/me.phyllo.Vgpu1.xml: the TypeScript contract and docs/dbus-api.md.
// `--check` writes nothing and fails when a generated file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { readContract } from './contract.mjs';
import { formatDocs } from './docs.mjs';

const packageRoot = new URL('..', import.meta.url).pathname;
const contract = readContract(`${packageRoot}data/me.phyllo.Vgpu1.xml`);

function formatTypeScript() {
  const interfaces = Object.fromEntries(
    contract.map((entry) => [
      entry.name,
      {
        properties: Object.fromEntries(entry.properties.map((p) => [p.name, { type: p.type, emits: p.emits }])),
        methods: Object.fromEntries(
          entry.methods.map((m) => [
            m.name,
            {
              in: m.in.map(({ name, type }) => ({ name, type })),
              out: m.out.map(({ name, type }) => ({ name, type })),
              options: m.in.find((arg) => arg.options)?.options ?? {},
            },
          ]),
        ),
      },
    ]),
  );
  return `// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from data/me.phyllo.Vgpu1.xml by \`pnpm --filter @vgpu/dbus-service generate\`; do not edit.
import type { Contract } from './contract-types.js';

/** Every published interface with its members, their signatures and the options that methods know. */
export const contract = ${JSON.stringify(interfaces)} as const satisfies Contract;
`;
}

const contractFile = `${packageRoot}src/protocol/contract.ts`;
const outputs = [
  [contractFile, await format(formatTypeScript(), { ...(await resolveConfig(contractFile)), parser: 'typescript' })],
  [`${packageRoot}../../docs/dbus-api.md`, formatDocs(contract)],
];
for (const [path, text] of outputs) {
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is out of date: run pnpm --filter @vgpu/dbus-service generate`);
    process.exitCode = 1;
  }
}
