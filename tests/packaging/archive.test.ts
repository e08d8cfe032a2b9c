// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Sbom {
  readonly spdxVersion: string;
  readonly packages: readonly {
    readonly name: string;
    readonly versionInfo: string;
    readonly licenseDeclared: string;
  }[];
  readonly relationships: readonly { readonly relatedSpdxElement: string }[];
}

const checkout = join(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'vgpud-archive-test-'));
let archive: string;
let tree: string;

beforeAll(() => {
  archive = makeArchive('first');
  execFileSync('tar', ['-xzf', archive, '-C', work]);
  tree = join(work, readdirSync(work).find((each) => each.startsWith('vgpud-')) ?? '');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

function makeArchive(folder: string): string {
  const script = join(checkout, 'scripts/package.mjs');
  return execFileSync('node', [script, join(work, folder)], { encoding: 'utf8' }).trim();
}

function run(script: string, root: string): void {
  execFileSync('sh', [join(tree, script)], { env: { ...process.env, DESTDIR: root } });
}

/** Every package in the archive, with its version. */
function contained(): Record<string, string> {
  const folder = join(tree, 'lib/node_modules');
  const names = readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((each) => `${name}/${each}`) : [name],
  );
  return Object.fromEntries(
    names.map((name) => {
      const { version } = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string };
      return [name, version];
    }),
  );
}

describe('the archive', () => {
  it('is the same when it is made again', () => {
    expect(readFileSync(makeArchive('second')).equals(readFileSync(archive))).toBe(true);
  });

  it('says what it consists of, and with which licence (SPDX)', () => {
    const sbom = JSON.parse(readFileSync(join(tree, 'lib/sbom.spdx.json'), 'utf8')) as Sbom;
    expect(sbom.spdxVersion).toBe('SPDX-2.3');
    const [product, ...packages] = sbom.packages;
    expect(product).toMatchObject({ name: 'vgpud', licenseDeclared: 'LGPL-2.1-or-later' });
    expect(Object.fromEntries(packages.map(({ name, versionInfo }) => [name, versionInfo]))).toEqual(contained());
    expect(new Set(sbom.relationships.map(({ relatedSpdxElement }) => relatedSpdxElement)).size).toBe(
      sbom.packages.length,
    );
  });

  it('has the licence of every package of others', () => {
    const licences = readFileSync(join(tree, 'lib/LICENCES.txt'), 'utf8');
    const others = Object.entries(contained()).filter(([name]) => !name.startsWith('@vgpu/'));
    expect(others.length).toBeGreaterThan(5);
    for (const [name, version] of others) expect(licences).toContain(`\n${name} ${version}: `);
  });

  it('puts its files where a root directory has them', () => {
    const root = join(work, 'root');
    run('install.sh', root);
    const files = readFileSync(join(tree, 'files'), 'utf8').split('\n');
    const targets = files
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' ')[1] ?? '');
    expect(targets).toContain('/usr/share/dbus-1/interfaces/me.phyllo.Vgpu1.xml');
    const missing = [...targets, '/usr/lib/vgpud/sbom.spdx.json'].filter((target) => !existsSync(join(root, target)));
    expect(missing).toEqual([]);
    expect(statSync(join(root, 'usr/bin/vgpuctl')).mode & 0o111).not.toBe(0);
    const version = execFileSync('node', [join(root, 'usr/lib/vgpud/vgpuctl.js'), '--version'], { encoding: 'utf8' });
    expect(version).toMatch(/\d+\.\d+\.\d+/);
  });

  it('takes away what an older version had more, and everything when it is removed', () => {
    const root = join(work, 'older');
    run('install.sh', root);
    appendFileSync(join(root, 'usr/lib/vgpud/files'), 'old.conf /usr/share/old.conf\n');
    writeFileSync(join(root, 'usr/share/old.conf'), '');
    run('install.sh', root);
    expect(existsSync(join(root, 'usr/share/old.conf'))).toBe(false);
    expect(existsSync(join(root, 'usr/lib/systemd/system/vgpud.service'))).toBe(true);
    run('uninstall.sh', root);
    expect(execFileSync('find', [root, '!', '-type', 'd'], { encoding: 'utf8' })).toBe('');
  });
});
