// SPDX-License-Identifier: LGPL-2.1-or-later
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHostFile, HostFileError, hostNames, readHostFile } from './host-file.js';

const good = readHostFile('seed-page');
const check = (changes: object) => () => checkHostFile({ ...good, ...changes }, 'here.json');

describe('the hosts of the project', () => {
  it.each(hostNames())('%s matches the schema and its name', (name) => {
    expect(readHostFile(name).name).toBe(name);
  });
});

describe('a wrong host file is refused with the place and the reason', () => {
  it.each([
    ['a missing property', { kernel: undefined }, "here.json: / must have required property 'kernel'"],
    ['an unknown property', { colour: 1 }, 'here.json: / must NOT have additional properties ("colour")'],
    ['a wrong address', { disks: [{ name: 'sda', pciDevice: '3d:00.0' }] }, 'here.json: /disks/0/pciDevice must match'],
    ['a parent without its device', { pciDevices: [], disks: [] }, '/parents 0000:00:02.0 is no PCI device'],
    [
      'a disk without its device',
      { disks: [{ name: 'sda', pciDevice: '0000:99:00.0' }] },
      '/disks sda is on 0000:99:00.0',
    ],
    [
      'the same device twice',
      { pciDevices: [...good.pciDevices, ...good.pciDevices.slice(0, 1)] },
      '0000:00:02.0 twice',
    ],
    ['a domain without a name', { domains: [{ xml: ['<domain/>'] }] }, '/domains/0 has no name'],
    [
      'a device behind what is no bridge',
      { pciDevices: good.pciDevices.map((each) => ({ ...each, upstreamPort: '0000:00:02.0' })) },
      'which is no PCI bridge of this host',
    ],
    [
      'an mdev that is nowhere',
      {
        mdevs: [
          {
            uuid: '7686131b-b229-4768-a02c-35d1dbed7c66',
            parent: '0000:00:02.0',
            type: 'x',
            active: false,
            persistent: false,
            autostart: false,
          },
        ],
      },
      'is neither active nor persistent',
    ],
  ])('%s', (_name, changes, message) => {
    expect(check(changes)).toThrow(HostFileError);
    expect(check(changes)).toThrow(message);
  });

  it('no JSON, no file, no such host', () => {
    const directory = mkdtempSync(join(tmpdir(), 'host-file-'));
    try {
      const path = join(directory, 'bad.json');
      writeFileSync(path, '{');
      expect(() => readHostFile(path)).toThrow(basename(path));
      expect(() => readHostFile(join(directory, 'none.json'))).toThrow('ENOENT');
      expect(() => readHostFile('nowhere')).toThrow('nowhere: no such host; there are no-iommu, ');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
