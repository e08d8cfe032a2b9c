// SPDX-License-Identifier: LGPL-2.1-or-later
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCliHost, type CliHost } from './cli-host.js';
import { parent, typeId, uuid } from './seed-page.js';

describe('where the output goes', { timeout: 120_000 }, () => {
  let host: CliHost;
  beforeAll(async () => {
    host = await startCliHost();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** Output, and the exit status of the first command of a pipeline. */
  async function shell(pipeline: string): Promise<{ stdout: string; stderr: string; status: number }> {
    const { stdout, stderr, status } = await host.machine.exec('bash', ['-c', `${pipeline}; exit \${PIPESTATUS[0]}`]);
    return { stdout, stderr, status };
  }

  it('a reader that has seen enough is no failure', async () => {
    expect(await shell('vgpuctl groups | head -n 1')).toStrictEqual({
      stdout: 'IOMMU Group 0:\n',
      stderr: '',
      status: 0,
    });
    expect(await shell('vgpuctl --help | true')).toStrictEqual({ stdout: '', stderr: '', status: 0 });
    expect(await shell('vgpuctl nonsense 2>&1 | true')).toStrictEqual({ stdout: '', stderr: '', status: 2 });
  });

  it('a change is made, and its failure told, also when nobody reads what it prints', async () => {
    await host.succeed('start', '-u', uuid, '-p', parent, '-t', typeId);
    expect(await shell(`vgpuctl assign ${uuid} phyllome | true`)).toStrictEqual({ stdout: '', stderr: '', status: 0 });
    expect(await host.output('virsh', 'dumpxml', '--inactive', 'phyllome')).toContain(uuid);
    expect(await shell(`vgpuctl assign ${uuid} phyllome | true`)).toMatchObject({ status: 11 });
  });

  it('a full disk is a failure', async () => {
    expect(await shell('vgpuctl types > /dev/full')).toStrictEqual({
      stdout: '',
      stderr: 'vgpuctl: the output cannot be written (ENOSPC)\n',
      status: 1,
    });
  });

  it('nothing but text comes out, whatever the terminal and the language', async () => {
    const plain = await host.succeed('types');
    for (const environment of ['TERM=dumb LANG=C', 'LC_ALL=C', 'TERM=xterm-256color FORCE_COLOR=1 LANG=de_DE.UTF-8']) {
      expect(await shell(`${environment} vgpuctl types`)).toStrictEqual({ stdout: plain, stderr: '', status: 0 });
      expect((await shell(`${environment} vgpuctl --help`)).stdout).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });
});
