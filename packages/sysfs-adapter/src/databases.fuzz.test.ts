// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { SeededRandom, fuzz, mutate } from '@vgpu/core/testing';
import { readPackageVersion } from './package-version.js';
import { indexPciIds } from './pci-ids.js';

const iterations = Number(process.env['FUZZ_ITERATIONS'] || 300);
const seed = Number(process.env['FUZZ_SEED'] || 1);
const longestMs = 2_000;
const timeoutMs = 60_000 + iterations * 60;

const pciIds = `#
8086  Intel Corporation
\t1922  Iris Pro Graphics 580
\t\t8086 2063  NUC
10de  NVIDIA Corporation
\t1eb8  TU104GL [Tesla T4]

C 03  Display controller
\t00  VGA compatible controller
\t\t00  VGA controller
\t02  3D controller
`;

function readNames(text: string): void {
  const names = indexPciIds(Buffer.from(text));
  for (const vendor of [0x8086, 0x10de, 0, 0xffff]) {
    const found = [names.vendorName(vendor), names.productName(vendor, 0x1922), names.className(0x03_00_00)];
    for (const name of found) if (name?.includes('\n')) throw new Error(`${JSON.stringify(name)} is more than a line`);
  }
}

/** Ends a call that never returns, so that the failure can name its text. */
function guard(run: () => void): void {
  runInNewContext('run()', { run }, { timeout: 60_000 });
}

it('a broken pci.ids gives other names or none, in time', { timeout: timeoutMs }, () => {
  const given = { seeds: [pciIds], xml: false, seed, iterations, longestMs };
  expect(fuzz({ ...given, act: readNames, isRefusal: () => false, guard }).taken).toBe(iterations);
});

const dpkgStatus = `Package: mdevctl
Status: install ok installed
Architecture: amd64
Version: 1.2.0-3+b1
Description: Mediated device management utility
 Version: 9

Package: libvirt0
Status: install ok installed
Version: 2:9.0.0-4
`;

it("a broken status file of dpkg's gives a version or none, in time", { timeout: timeoutMs }, async () => {
  const root = mkdtempSync(join(tmpdir(), 'vgpud-fuzz-'));
  const problems: string[] = [];
  try {
    mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true });
    for (let iteration = 0; iteration < iterations; iteration++) {
      const text = mutate({ seeds: [dpkgStatus], xml: false }, new SeededRandom(seed * 1_000_003 + iteration));
      writeFileSync(join(root, 'var/lib/dpkg/status'), text);
      const started = performance.now();
      const version = await readPackageVersion(root, 'mdevctl');
      const tookMs = performance.now() - started;
      if (tookMs > longestMs || (version !== undefined && !/^\d+(\.\d+)*$/.test(version))) {
        problems.push(`${version} after ${tookMs} ms; seed ${seed}, iteration ${iteration}: ${JSON.stringify(text)}`);
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  expect(problems).toEqual([]);
});
