// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const checkout = resolve(import.meta.dirname, '../..');
const oxlint = join(checkout, 'node_modules/.bin/oxlint');

/** File, then a line that must not be in it. */
const forbidden: readonly (readonly [string, string])[] = [
  ['packages/core/src/a.ts', "import '../../libvirt-adapter/src/index.js';"],
  ['packages/core/src/rules/a.ts', "export * from '../../../dbus-service/src/protocol/index.js';"],
  ['packages/core/src/rules/a.ts', "import './../../../packages/cli/src/main.js';"],
  ['packages/core/src/a.ts', "import '../../../node_modules/commander/index.js';"],
  ['packages/core/src/a.ts', "import '@vgpu/libvirt';"],
  ['packages/core/src/a.ts', "import 'node:fs';"],
  ['packages/core/src/a.ts', "import 'fs';"],
  ['packages/core/src/a.ts', "export const fs = import('fs/promises');"],
  ['packages/core/src/a.ts', "import 'dbus-next';"],
  ['packages/core/src/a.ts', "import 'fast-xml-parser';"],
  // The compiler does not see tests.
  ['packages/core/src/a.test.ts', "import 'fs';"],
  ['packages/core/src/a.test.ts', "import 'node:fs';"],
  ['packages/core/src/testing/a.ts', "import 'node:fs';"],
  ['packages/core/src/a.test.ts', "import '../../libvirt-adapter/src/index.js';"],
  ['packages/core/src/a.test.ts', "import '@vgpu/libvirt-adapter';"],

  ['packages/libvirt/src/a.ts', "import '@vgpu/core';"],
  ['packages/libvirt/src/a.ts', "import '../../core/src/index.js';"],
  ['packages/libvirt/src/a.ts', "import 'os';"],
  ['packages/libvirt-adapter/src/xml/a.ts', "import '../../../sysfs-adapter/src/index.js';"],
  ['packages/libvirt-adapter/src/a.ts', "import '@vgpu/dbus-service/protocol';"],
  ['packages/libvirt-adapter/src/a.ts', "import '../../libvirt/src/index.js';"],
  ['packages/libvirt-adapter/src/a.ts', "import 'dbus-next';"],
  ['packages/sysfs-adapter/src/a.ts', "import '@vgpu/libvirt';"],
  ['packages/sysfs-adapter/src/a.ts', "import '@vgpu/libvirt-adapter';"],
  ['packages/sysfs-adapter/src/a.ts', "import '../../libvirt-adapter/src/index.js';"],

  ['packages/dbus-service/src/a.ts', "import '@vgpu/libvirt-adapter';"],
  ['packages/dbus-service/src/a.test.ts', "import '@vgpu/sysfs-adapter';"],
  ['packages/dbus-service/src/a.ts', "import '../../libvirt-adapter/src/index.js';"],
  ['packages/dbus-service/src/a.ts', "import 'dbus-next';"],
  ['packages/dbus-service/src/host/bus.ts', "import '@vgpu/libvirt-adapter';"],
  ['packages/dbus-service/src/main.ts', "import '@vgpu/libvirt';"],
  ['packages/dbus-service/src/main.ts', "import '../../libvirt-adapter/src/index.js';"],
  ['packages/dbus-service/src/main.ts', "import 'dbus-next';"],

  ['packages/cli/src/a.ts', "import '../../dbus-service/src/service.js';"],
  ['packages/cli/src/commands/a.ts', "export const a = import('../../../dbus-service/src/service.js');"],
  ['packages/cli/src/a.ts', "import '@vgpu/dbus-service';"],
  ['packages/cli/src/a.ts', "import '@vgpu/dbus-service/service.js';"],
  ['packages/cli/src/a.ts', "import '@vgpu/libvirt-adapter';"],
  ['packages/cli/src/a.test.ts', "import '@vgpu/libvirt';"],
  ['packages/cli/src/a.ts', "import 'dbus-next';"],
  ['packages/cli/src/a.ts', "import 'dbus-next/lib/message.js';"],
  ['packages/cli/src/a.ts', "import '/usr/lib/node_modules/x.js';"],
  ['packages/cli/src/a.ts', "import 'file:///usr/lib/node_modules/x.js';"],
  ['packages/cli/src/bus/connection.ts', "import '@vgpu/libvirt';"],
  ['packages/cli/src/a.ts', "import 'tty';"],

  ['tests/integration/a.test.ts', "import '../../packages/dbus-service/src/service.js';"],
];

const allowed: readonly (readonly [string, string])[] = [
  ['packages/core/src/rules/a.ts', "import '../errors.js';"],
  ['packages/core/src/testing/in-memory/a.ts', "import '../../model/domain.js';"],
  ['packages/core/src/a.test.ts', "import 'vitest';"],
  ['packages/libvirt/src/a.ts', "import 'node:os';"],
  ['packages/libvirt-adapter/src/a.ts', "import '@vgpu/libvirt';"],
  ['packages/libvirt-adapter/src/a.ts', "import '@vgpu/core';"],
  ['packages/dbus-service/src/main.ts', "import '@vgpu/libvirt-adapter';"],
  ['packages/dbus-service/src/host/raw-bus.ts', "import 'dbus-next';"],
  ['packages/dbus-service/src/a.test.ts', "import '@vgpu/core/testing';"],
  ['packages/cli/src/commands/a.ts', "import '@vgpu/dbus-service/protocol';"],
  ['packages/cli/src/commands/a.ts', "import '../service/service.js';"],
  ['packages/cli/src/bus/connection.ts', "import 'dbus-next';"],
  ['tests/integration/a.test.ts', "import '../emulated-host/index.js';"],
  ['tests/integration/a.test.ts', "import '@vgpu/libvirt';"],
];

interface Finding {
  readonly code?: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** Where oxlint finds a forbidden import, as `file:line`. */
async function lint(directory: string): Promise<ReadonlySet<string>> {
  const { stdout } = await promisify(execFile)(oxlint, ['--format', 'json'], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: unknown) => error as { stdout: string });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Finding[] };
  const rules = /restricted-imports|prefer-node-protocol|no-require-imports/;
  return new Set(
    diagnostics
      .filter(({ code }) => rules.test(code ?? ''))
      .map(({ filename, labels }) => `${filename}:${labels[0]?.span.line}`),
  );
}

/** Whether each line is refused in its file by the repository's own configuration, in a tree of such files. */
async function refusedIn(lines: readonly (readonly [string, string])[]): Promise<boolean[]> {
  const directory = mkdtempSync(join(tmpdir(), 'dependency-rule-'));
  try {
    cpSync(join(checkout, '.oxlintrc.json'), join(directory, '.oxlintrc.json'));
    const files = new Map<string, string[]>();
    const places = lines.map(([file, line]) => {
      const content = files.get(file) ?? [];
      files.set(file, content);
      return `${file}:${content.push(line)}`;
    });
    for (const [file, content] of files) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), `${content.join('\n')}\n`);
    }
    const found = await lint(directory);
    return places.map((place) => found.has(place));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function words(lines: readonly (readonly [string, string])[]): string[] {
  return lines.map(([file, line]) => `${file}: ${line}`);
}

describe('the dependency rule', () => {
  it('refuses every import against it', async () => {
    const refused = await refusedIn(forbidden);
    expect(words(forbidden.filter((_, index) => refused[index] === false))).toStrictEqual([]);
  });

  it('allows the imports it is there for', async () => {
    const refused = await refusedIn(allowed);
    expect(words(allowed.filter((_, index) => refused[index] === true))).toStrictEqual([]);
  });

  it('is kept by every file', async () => {
    expect([...(await lint(checkout))]).toStrictEqual([]);
  });
});
