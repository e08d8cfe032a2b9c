// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes dist/vgpud-VERSION.tar.gz from the built workspace: the daemon, the command, what they import, and the script
// that installs them. Needs no network. Usage: scripts/package [FOLDER], where FOLDER gets the archive instead of dist.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { formatLicences, formatSbom } from './lib/bill-of-materials.mjs';

const checkout = join(import.meta.dirname, '..');
/** What the two programs begin with; everything else follows from their dependencies. */
const programs = ['packages/dbus-service', 'packages/cli'];
/** Needed to compile the addon only, or taken out of a package on purpose, as "package>dependency: '-'". */
const leftOut = new Set([
  'node-addon-api',
  ...[...readFileSync(join(checkout, 'pnpm-workspace.yaml'), 'utf8').matchAll(/>([^']+)': '-'/g)].map(
    ([, each]) => each,
  ),
]);

const { version } = readPackage(join(checkout, 'packages/dbus-service'));
const name = `vgpud-${version}`;
const work = mkdtempSync(join(tmpdir(), 'vgpud-package-'));
try {
  const tree = join(work, name);
  const library = join(tree, 'lib');
  mkdirSync(join(library, 'node_modules'), { recursive: true });
  const packages = addDependencies(programs.map((path) => join(checkout, path)));
  const bill = { name, version, packages };
  writeFileSync(join(library, 'sbom.spdx.json'), formatSbom(bill));
  writeFileSync(join(library, 'LICENCES.txt'), formatLicences(bill));
  cpSync(join(checkout, 'packaging/lib'), library, { recursive: true });
  cpSync(join(checkout, 'packages/dbus-service/data'), join(tree, 'data'), { recursive: true });
  for (const file of ['install.sh', 'uninstall.sh', 'files'])
    cpSync(join(checkout, 'packaging', file), join(tree, file));
  cpSync(join(checkout, 'LICENSE'), join(tree, 'LICENSE'));
  writeFileSync(
    join(library, 'package.json'),
    `${JSON.stringify({ name: 'vgpud', version, private: true, type: 'module' })}\n`,
  );
  const target = process.argv[2] ?? join(checkout, 'dist');
  mkdirSync(target, { recursive: true });
  const archive = join(target, `${name}.tar.gz`);
  // The same content gives the same archive.
  const flags = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--mode=u=rwX,go=rX'];
  run('tar', [...flags, '--use-compress-program=gzip -n', '-C', work, '-cf', archive, name]);
  console.log(archive);

  /** Each package once, in one flat folder. Gives the folders that they come from. */
  function addDependencies(roots) {
    /** @type {Map<string, string>} name → real path */
    const packages = new Map();
    const waiting = roots.map((path) => realpathSync(path));
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const { name: packageName, dependencies = {} } = readPackage(path);
      const known = packages.get(packageName);
      if (known === path) continue;
      if (known !== undefined) throw new Error(`${packageName} is needed in two versions: ${known} and ${path}`);
      packages.set(packageName, path);
      copyPackage(path, join(library, 'node_modules', packageName));
      waiting.push(
        ...Object.keys(dependencies)
          .filter((each) => !leftOut.has(each))
          .map((each) => find(each, path)),
      );
    }
    return [...packages.values()].toSorted();
  }
} finally {
  rmSync(work, { recursive: true });
}

/** Of our own packages what runs; of others everything but types and their tests. */
function copyPackage(source, target) {
  const own = relative(checkout, source).startsWith('packages/');
  if (!own) {
    const skipped = new Set(['node_modules', 'test', 'tests', '.github', 'examples']);
    cpSync(source, target, {
      recursive: true,
      filter: (path) => path === source || (!skipped.has(basename(path)) && !/\.(d\.[cm]?ts|map)$/.test(path)),
    });
    return;
  }
  cpSync(join(source, 'package.json'), join(target, 'package.json'));
  cpSync(join(source, 'dist'), join(target, 'dist'), {
    recursive: true,
    filter: (path) => !/\.(d\.ts|test\.js|map|tsbuildinfo)$/.test(path) && relative(source, path) !== 'dist/testing',
  });
  const addon = join(source, 'build/Release');
  if (!existsSync(addon)) return;
  for (const file of readdirSync(addon).filter((each) => each.endsWith('.node'))) {
    cpSync(join(addon, file), join(target, 'build/Release', file), { dereference: true });
  }
}

/** Node's own way from a package to one that it depends on. */
function find(dependency, from) {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', dependency);
    if (existsSync(candidate)) return realpathSync(candidate);
  }
  throw new Error(`${dependency} is not installed, though ${from} needs it`);
}

function readPackage(path) {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}
