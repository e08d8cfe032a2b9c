// SPDX-License-Identifier: LGPL-2.1-or-later
// What of libvirt is bound, compared with libvirt's own list of its functions, the sources and the documentation.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import notBound from '../native/not-bound.json' with { type: 'json' };

const root = new URL('..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** libvirt's list, with the header of each; part of its development files, like the headers. */
const apiXml = readFileSync('/usr/share/libvirt/api/libvirt-api.xml', 'utf8');
const installed = new Map(
  [...apiXml.matchAll(/<function name='(\w+)' file='([\w-]+)'/g)].map(([, name, file]) => [name!, file!]),
);
const files = [
  'libvirt-nodedev',
  'libvirt-domain',
  'libvirt-domain-snapshot',
  'libvirt-domain-checkpoint',
  'libvirt-stream',
  'libvirt-host',
  'libvirt-event',
  'virterror',
];

/** The table of functions in native/symbols.h, with the version that NEWER and OPTIONAL ones name. */
const table = new Map(
  [...read('native/symbols.h').matchAll(/^ {2}(?:REQUIRED|OPTIONAL|NEWER)\((\w+)(?:, "([\d.]+)")?/gm)].map(
    ([, name, since]) => [name!, since],
  ),
);
const left = notBound.groups.flatMap((group) => group.functions);
const since = new Map<string, string | undefined>([...table, ...Object.entries(notBound.since)]);

function versionNumber(text: string): number {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return major * 1000 + minor;
}
const installedVersion = versionNumber(
  /LIBVIR_VERSION_NUMBER (\d+)/
    .exec(readFileSync('/usr/include/libvirt/libvirt-common.h', 'utf8'))![1]!
    .replace(/^(\d+?)(\d{3})\d{3}$/, '$1.$2'),
);

describe('libvirt’s functions', () => {
  const wanted = [...installed].filter(([, file]) => files.includes(file)).map(([name]) => name);

  test('are many, and from every file', () => {
    expect(wanted.length).toBeGreaterThan(300);
    expect(new Set(installed.values())).toEqual(
      expect.toSatisfy((found: Set<string>) => files.every((f) => found.has(f))),
    );
  });

  test('are each bound, or left out for a reason', () => {
    const known = new Set([...table.keys(), ...left]);
    expect(wanted.filter((name) => !known.has(name))).toEqual([]);
  });

  test('are never both, nor twice', () => {
    expect(left.filter((name) => table.has(name))).toEqual([]);
    expect(left.length).toBe(new Set(left).size);
    expect(notBound.groups.every((group) => group.reason.length > 20 && group.functions.length > 0)).toBe(true);
  });

  test('exist, unless the list says that they are newer than the installed ones', () => {
    const missing = [...table.keys(), ...left].filter((name) => !installed.has(name));
    expect(missing.filter((name) => versionNumber(since.get(name) ?? '0') <= installedVersion)).toEqual([]);
  });
});

describe('every bound function', () => {
  const native = readdirSync(new URL('native/', root))
    .filter((name) => name.endsWith('.cc') || (name.endsWith('.h') && name !== 'symbols.h'))
    .map((name) => read(`native/${name}`))
    .join('\n');

  test('is called', () => {
    expect([...table.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(native))).toEqual([]);
  });

  test('is documented in the README, and no other is', () => {
    const section = /## libvirt’s functions\n([\s\S]*?)(?:\n## |$)/.exec(read('README.md'))?.[1] ?? '';
    const documented = new Set([...section.matchAll(/`(vir[A-Z]\w+)`/g)].map((match) => match[1]!));
    expect([...documented].toSorted()).toEqual([...table.keys()].toSorted());
  });
});

test('every method that returns a promise names libvirt’s page', () => {
  const undocumented: string[] = [];
  for (const file of ['connection', 'node-device', 'domain', 'open']) {
    const source = read(`src/${file}.ts`);
    for (const [, doc = '', name] of source.matchAll(
      /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)? *(?:export )?async (?:function )?(#?\w+)/g,
    )) {
      const page = /@see https:\/\/libvirt\.org\/html\/libvirt-([\w-]+)\.html#(vir\w+)/.exec(doc);
      if (/^#|^open$|^openStream$/.test(name!) || doc.includes('@internal')) continue;
      if (page === null || (installed.get(page[2]!) ?? page[1]) !== page[1]) undocumented.push(`${file}.ts ${name}`);
    }
  }
  expect(undocumented).toEqual(['connection.ts countHandles']);
});
