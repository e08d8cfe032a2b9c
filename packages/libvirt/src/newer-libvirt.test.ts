// SPDX-License-Identifier: LGPL-2.1-or-later
// Functions that the installed libvirt need not have: this one does, beside everything that the real one has.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { printed, runScript } from './test/child.js';

function build(source: string, ...args: string[]): void {
  execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-x', 'none', ...args], { input: source });
}

/** A libvirt.so.0 in the folder: the code given, in front of the library that is installed. */
function newerLibvirt(folder: string, code: string): void {
  const installed = /=> (\/\S+)/.exec(
    execFileSync('sh', ['-c', 'ldconfig -p | grep -m1 "libvirt[.]so[.]0 "'], { encoding: 'utf8' }),
  )?.[1];
  // Its name is a path, so that the loader does not take the new library for it.
  build('', '-o', join(folder, 'installed.so'), `-Wl,-soname,${installed}`);
  build(code, '-o', join(folder, 'libvirt.so.0'), '-Wl,--no-as-needed', join(folder, 'installed.so'));
}

test('update calls virNodeDeviceUpdate where libvirt has it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'libvirt-newer-'));
  try {
    newerLibvirt(
      folder,
      `#include <stdio.h>
      const char *virNodeDeviceGetName(void *device);
      int virNodeDeviceUpdate(void *device, const char *xml, unsigned int flags) {
        printf("%s %s %u\\n", virNodeDeviceGetName(device), xml, flags);
        fflush(stdout);
        return 0;
      }`,
    );
    const script = `
      const connection = await libvirt.open('test:///default');
      const device = await connection.lookupNodeDeviceByName('computer');
      const { AFFECT_LIVE, AFFECT_CONFIG } = libvirt.NodeDeviceUpdateFlags;
      await device.update('<device/>', AFFECT_LIVE | AFFECT_CONFIG);
      await connection.close();`;
    expect(await runScript(script, { LD_LIBRARY_PATH: folder })).toEqual(printed('computer <device/> 3\n'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
