// SPDX-License-Identifier: LGPL-2.1-or-later
// Packs the package with its prebuilt binary, installs it where there is no compiler, and uses it with several Nodes.
// Usage: node scripts/test-packed.mjs [VERSION…], default 20 22 24; they and the package's dependencies come from the
// npm registry. Needs the build and `pnpm prebuilds`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24'];
if (!existsSync(join(root, 'prebuilds'))) throw new Error('there are no prebuilds: run pnpm prebuilds first');

// The whole of it: no compiler, no make, no Python.
const program = `
  import { createRequire } from 'node:module';
  import { DomainLifecycle, libraryVersion, open } from '@vgpu/libvirt';
  const connection = await open('test:///default');
  const domain = await connection.lookupDomainByName('test');
  const stopped = new Promise((resolve) => connection.onDomainEvent('lifecycle', (event) => resolve(event.event)));
  await domain.destroy();
  if ((await stopped) !== DomainLifecycle.STOPPED) throw new Error('a wrong event');
  const devices = await connection.listNodeDevicesWithXml();
  await connection.close();
  const maps = (await import('node:fs')).readFileSync('/proc/self/maps', 'utf8');
  const addon = /\\S*(@vgpu\\/libvirt\\/\\S*\\.node)/.exec(maps)[1];
  console.log('node', process.version, 'libvirt', await libraryVersion(), devices.length, 'devices', addon);
`;

function npm(prefix, env, ...args) {
  execFileSync('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel=error', ...args], {
    env,
    cwd: prefix,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const folder = mkdtempSync(join(tmpdir(), 'libvirt-packed-'));
try {
  execFileSync('pnpm', ['pack', '--pack-destination', folder], { cwd: root, stdio: 'ignore' });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  for (const version of versions) {
    const project = join(folder, `node-${version}`);
    const tools = join(folder, `tools-${version}`);
    mkdirSync(project);
    mkdirSync(tools);
    const runtime = `node-${process.platform}-${process.arch}`;
    writeFileSync(join(tools, 'package.json'), '{}');
    npm(tools, process.env, `${runtime}@${version}`);
    const bin = join(tools, 'bin');
    mkdirSync(bin);
    symlinkSync(join(tools, 'node_modules', runtime, 'bin/node'), join(bin, 'node'));
    const npmPath = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"'], { encoding: 'utf8' }).trim();
    symlinkSync(npmPath, join(bin, 'npm'));
    for (const tool of ['sh', 'env']) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
    const env = { ...process.env, PATH: bin };
    for (const name of Object.keys(env)) if (/^npm_|^LIBVIRT_NODE_ADDON$/.test(name)) delete env[name];
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'main.mjs'), program);
    npm(project, env, join(folder, archive));
    process.stdout.write(execFileSync(join(bin, 'node'), ['main.mjs'], { cwd: project, env, encoding: 'utf8' }));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
