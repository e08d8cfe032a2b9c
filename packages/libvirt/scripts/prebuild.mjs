// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes prebuilds/linux-x64/*.node (of the machine's own platform): one binary for every Node and every libvirt.
// In a copy, because prebuildify begins by deleting build/, which development uses.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'libvirt-prebuild-'));
try {
  for (const name of ['binding.gyp', 'native', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'));
  // The headers beside the running Node, when they are there, so that a build needs no network.
  const installed = dirname(dirname(realpathSync(process.execPath)));
  const headers = existsSync(join(installed, 'include/node/node.h')) ? { npm_config_nodedir: installed } : {};
  const target = ['--target', process.versions.node];
  const { status } = spawnSync(
    process.execPath,
    [
      require.resolve('prebuildify/bin.js'),
      '--napi',
      '--strip',
      '--tag-libc',
      '--cache',
      join(folder, 'cache'),
      ...target,
    ],
    {
      cwd: folder,
      env: { ...process.env, ...headers, PREBUILD_NODE_GYP: require.resolve('node-gyp/bin/node-gyp.js') },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) throw new Error(`prebuildify ended with ${status}`);
  rmSync(join(root, 'prebuilds'), { recursive: true, force: true });
  cpSync(join(folder, 'prebuilds'), join(root, 'prebuilds'), { recursive: true });
  for (const name of readdirSync(join(root, 'prebuilds'), { recursive: true })) console.log(`prebuilds/${name}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
