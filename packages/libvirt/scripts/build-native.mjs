// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds build/Release/libvirt.node; only what changed. Uses the headers beside the running Node when they are there,
// so that a build needs no network.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(realpathSync(process.execPath)));
const headers = existsSync(join(root, 'include/node/node.h')) ? [`--nodedir=${root}`] : [];
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
const result = spawnSync(process.execPath, [nodeGyp, 'configure', 'build', '--loglevel=warn', ...headers], {
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  // npm hands its own settings over in the environment, where they would win.
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.toLowerCase() !== 'npm_config_nodedir')),
  stdio: 'inherit',
});
process.exitCode = result.status ?? 1;
