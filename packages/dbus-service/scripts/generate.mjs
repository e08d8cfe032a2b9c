// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes what follows from data/me.phyllo.Vgpu1.xml, and from core's codes of errors: the TypeScript contract and
// docs/dbus-api.md.
// `--check` writes nothing and fails when a generated file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { readContract } from './contract.mjs';
import { formatDocs } from './docs.mjs';
import { readErrors } from './errors.mjs';

const packageRoot = new URL('..', import.meta.url).pathname;
const contract = readContract(`${packageRoot}data/me.phyllo.Vgpu1.xml`);
const errors = readErrors(`${packageRoot}../core/src/errors.ts`);

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
        signals: Object.fromEntries(
          entry.signals.map((signal) => [signal.name, signal.args.map(({ name, type }) => ({ name, type }))]),
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

/** The interfaces as they are in the file, without its comments. */
function formatIntrospection() {
  const text = readFileSync(`${packageRoot}data/me.phyllo.Vgpu1.xml`, 'utf8').replaceAll(/<!--[^]*?-->\s*/g, '');
  const found = [...text.matchAll(/<interface name="([^"]+)">[^]*?<\/interface>/g)];
  const entries = found.map(([xml, name]) => `  '${name}': \`\n  ${xml}\`,\n`);
  return `// SPDX-License-Identifier: LGPL-2.1-or-later
// Generated from data/me.phyllo.Vgpu1.xml by \`pnpm --filter @vgpu/dbus-service generate\`; do not edit.
import type { InterfaceName } from '../protocol/members.js';

/** What Introspect serves for each interface. */
export const introspectionXml: Readonly<Record<InterfaceName, string>> = {
${entries.join('')}};
`;
}

const introspectionFile = `${packageRoot}src/host/introspection-xml.ts`;
const contractFile = `${packageRoot}src/protocol/contract.ts`;
const outputs = [
  [contractFile, await format(formatTypeScript(), { ...(await resolveConfig(contractFile)), parser: 'typescript' })],
  [
    introspectionFile,
    await format(formatIntrospection(), { ...(await resolveConfig(introspectionFile)), parser: 'typescript' }),
  ],
  [`${packageRoot}../../docs/dbus-api.md`, formatDocs(contract, errors)],
];
for (const [path, text] of outputs) {
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is out of date: run pnpm --filter @vgpu/dbus-service generate`);
    process.exitCode = 1;
  }
}
