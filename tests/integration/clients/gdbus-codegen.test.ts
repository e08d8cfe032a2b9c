// SPDX-License-Identifier: LGPL-2.1-or-later
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buses, ClientHost } from './client-host.js';
import { gpuPath, typeId, uuid, vgpuPath } from '../seed-page.js';

const contract = join(import.meta.dirname, '../../../packages/dbus-service/data/me.phyllo.Vgpu1.xml');
const source = join(import.meta.dirname, 'programs/codegen-client.c');
const execute = promisify(execFile);

/** Makes the code from the contract and compiles it with the client; gives the program's path. */
async function compileClient(directory: string): Promise<string> {
  const names = ['--interface-prefix', 'me.phyllo.Vgpu1.', '--c-namespace', 'Vgpud', '--c-generate-object-manager'];
  const output = ['--output-directory', directory, '--generate-c-code', 'vgpud'];
  await execute('gdbus-codegen', [...names, ...output, contract]);
  const { stdout } = await execute('pkg-config', ['--cflags', '--libs', 'gio-unix-2.0']);
  const program = join(directory, 'codegen-client');
  const warnings = ['-std=gnu17', '-Wall', '-Wextra', '-Werror'];
  const files = [`-I${directory}`, source, join(directory, 'vgpud.c'), '-o', program];
  await execute('gcc', [...warnings, ...files, ...stdout.trim().split(/\s+/)]);
  return program;
}

let directory: string;
let program: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vgpud-codegen-'));
  program = await compileClient(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(buses)('gdbus-codegen on %s', { timeout: 60_000 }, (bus) => {
  it('makes a C client that follows the life of a vGPU', async () => {
    await using host = await ClientHost.start(bus);
    const inside = host.program('codegen-client');
    cpSync(program, join(host.machine.root, inside));
    const lines = (await host.run(inside, uuid, typeId, gpuPath)).trim().split('\n');
    expect(lines).toEqual([
      'gpu Intel Corporation Iris Pro Graphics 580',
      `created ${vgpuPath}`,
      'refused me.phyllo.Vgpu1.Error.AlreadyExists',
      `uuid ${uuid} active 0 persistent 1 domains 0`,
      `type ${typeId} memory 128 MiB`,
      expect.stringMatching(/^heard active 1 group \/me\/phyllo\/Vgpu1\/iommu_group\/\d+$/),
      'deleted',
    ]);
    expect(await host.findVgpus()).toBe('ao 0\n');
  });
});
