// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseMdevTypeId, parseParentName, parsePciAddress, type ListedParent, type ListedPciDevice } from '@vgpu/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SysfsHostFacts } from './host-facts.js';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** A root with these files; what no test names is not there. */
function rootWith(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(join(tmpdir(), 'sysfs-adapter-'));
  roots.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const gpu: ListedPciDevice = {
  address: parsePciAddress('0000:00:02.0'),
  classId: 0x030000,
  vendorId: 0x8086,
  productId: 0x193b,
  driver: 'i915',
  iommuGroup: 0,
  numaNode: undefined,
  physicalFunction: undefined,
};
const parent: ListedParent = { name: parseParentName('0000:00:02.0'), pciAddress: gpu.address, types: [] };
const typeId = parseMdevTypeId('i915-GVTg_V5_4');

/** Cut from the PCI ID database of 2023.04.11. */
const pciIds = `# comment
0e11  Compaq Computer Corporation
\t193b  Not this one
8086  Intel Corporation
\t1912  HD Graphics 530
# between
\t193b  Iris Pro Graphics 580
\t\t8086 2064  Skull Canyon NUC
\t193d  Iris Pro Graphics P580
ffff  Illegal Vendor ID

C 02  Network controller
\t80  Network controller
C 03  Display controller
\t00  VGA compatible controller
\t\t00  VGA controller
\t80  Display controller
`;

describe('SysfsHostFacts', () => {
  it('reads a GPU', async () => {
    const device = 'sys/bus/pci/devices/0000:00:02.0';
    const root = rootWith({
      [`${device}/revision`]: '0x09\n',
      [`${device}/boot_vga`]: '1\n',
      [`${device}/drm/card0/dev`]: '226:0\n',
      [`${device}/drm/renderD128/dev`]: '226:128\n',
      'usr/share/misc/pci.ids': pciIds,
    });
    expect(await new SysfsHostFacts({ root }).pciFacts(gpu)).toEqual({
      revision: 9,
      bootVga: true,
      renderNode: 'renderD128',
      className: 'VGA compatible controller',
      vendorName: 'Intel Corporation',
      productName: 'Iris Pro Graphics 580',
    });
  });

  it('reads the other place of the database, and the base class where the subclass has no name', async () => {
    const root = rootWith({ 'usr/share/hwdata/pci.ids': pciIds });
    const facts = await new SysfsHostFacts({ root }).pciFacts({ ...gpu, classId: 0x030200, productId: 0xffff });
    expect([facts.className, facts.vendorName, facts.productName]).toEqual([
      'Display controller',
      'Intel Corporation',
      undefined,
    ]);
  });

  it('says undefined for what is not there, and never rejects', async () => {
    const facts = new SysfsHostFacts({ root: join(rootWith({}), 'missing') });
    expect(await facts.pciFacts(gpu)).toEqual({
      revision: undefined,
      bootVga: false,
      renderNode: undefined,
      className: undefined,
      vendorName: undefined,
      productName: undefined,
    });
    expect(await facts.mdevTypeFacts(parent, typeId)).toEqual({ name: undefined, description: undefined });
    expect(await facts.mdevctlVersion()).toBeUndefined();
  });

  it('reads a type’s description with all its lines', async () => {
    const type = 'sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V5_4';
    const root = rootWith({ [`${type}/description`]: 'low_gm_size: 128MB\nfence: 4\n', [`${type}/name`]: '\n' });
    expect(await new SysfsHostFacts({ root }).mdevTypeFacts(parent, typeId)).toEqual({
      name: undefined,
      description: 'low_gm_size: 128MB\nfence: 4',
    });
  });

  it.each([
    [
      '1.2.0',
      'var/lib/dpkg/status',
      'Package: mdevctl-extra\nStatus: install ok installed\nVersion: 9\n\nPackage: mdevctl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2.0-3+b1\n\n',
    ],
    [undefined, 'var/lib/dpkg/status', 'Package: mdevctl\nStatus: deinstall ok config-files\nVersion: 1.2.0-3\n\n'],
    ['1.3.0', 'var/lib/dpkg/status', 'Package: mdevctl\nStatus: install ok installed\nVersion: 2:1.3.0~rc1-1\n'],
    ['1.4.0', 'var/lib/pacman/local/mdevctl-1.4.0-2/desc', ''],
  ])('finds mdevctl %s in %s', async (version, path, content) => {
    expect(await new SysfsHostFacts({ root: rootWith({ [path]: content }) }).mdevctlVersion()).toBe(version);
  });

  it.each([
    ['1.3.0', { type: 'rpm', name: 'mdevctl', version: '1.3.0-3.fc40', architecture: 'x86_64' }],
    [undefined, { type: 'rpm', name: 'other', version: '1.3.0-3.fc40' }],
    [undefined, { type: 'rpm', name: 'mdevctl' }],
    [undefined, null],
  ])('finds mdevctl %s in the note of the program', async (version, note) => {
    const root = rootWith({ 'usr/sbin/mdevctl': program(JSON.stringify(note)) });
    expect(await new SysfsHostFacts({ root }).mdevctlVersion()).toBe(version);
  });

  it('finds no version in a program that has no note, is cut off or is none', async () => {
    const whole = program('{"name":"mdevctl","version":"1.3.0"}');
    const otherMachine = Buffer.from(whole).fill(1, 4, 5);
    for (const content of [
      whole.subarray(0, 130),
      whole.subarray(0, 70),
      program('{'),
      otherMachine,
      '#!/bin/sh\n',
      '',
    ]) {
      const root = rootWith({ 'usr/bin/mdevctl': content });
      expect(await new SysfsHostFacts({ root }).mdevctlVersion()).toBeUndefined();
    }
  });
});

/** An ELF file as ld --package-metadata writes one: a build id, then the package note (elf(5)). */
function program(text: string): Buffer {
  const notes = Buffer.concat([
    note('GNU\0', 3, Buffer.alloc(20, 7)),
    note('FDO\0', 0xcafe1a7e, Buffer.from(`${text}\0`)),
  ]);
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  const segment = Buffer.alloc(56);
  segment.writeUInt32LE(4, 0);
  segment.writeBigUInt64LE(120n, 8);
  segment.writeBigUInt64LE(BigInt(notes.length), 32);
  segment.writeBigUInt64LE(4n, 48);
  return Buffer.concat([header, segment, notes]);
}

function note(owner: string, type: number, text: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(owner.length, 0);
  header.writeUInt32LE(text.length, 4);
  header.writeUInt32LE(type, 8);
  return Buffer.concat([header, Buffer.from(owner), text, Buffer.alloc((4 - (text.length % 4)) % 4)]);
}
