// SPDX-License-Identifier: LGPL-2.1-or-later
import type { NodeDeviceRecord } from '@vgpu/libvirt';
import { describe, expect, it } from 'vitest';
import { toListing } from './node-device-listing.js';
import { fixture } from './testing.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const named = `mdev_${uuid.replaceAll('-', '_')}`;
const stored = { active: false, persistent: true, autostart: true };
const gpu: NodeDeviceRecord = {
  name: 'pci_0000_00_02_0',
  parent: 'computer',
  xml: fixture('libvirt-9.0.0/node-device-gpu.xml'),
  active: true,
  persistent: false,
  autostart: false,
};

/** As libvirt 9.0 prints it. */
function document(inner: string): string {
  return `<device>\n  <name>${named}_0000_00_02_0</name>\n  <capability type='mdev'>\n${inner}  </capability>\n</device>\n`;
}

function mdevsOf(record: Partial<NodeDeviceRecord>) {
  return toListing([gpu, { name: `${named}_0000_00_02_0`, parent: 'pci_0000_00_02_0', xml: '', ...stored, ...record }])
    .mdevs;
}

const type = "    <type id='i915-GVTg_V5_4'/>\n";
const identity = `    <uuid>${uuid}</uuid>\n    <parent_addr>0000:00:02.0</parent_addr>\n    <iommuGroup number='3'/>\n`;

describe('an mdev that libvirt prints as no XML', () => {
  it.each([
    ['a quote and a bracket', `<attr name='a' value='it's <b'/>\n`],
    ['an end of the document', `<attr name='a' value=''/></capability></device><device>'/>\n`],
    ['a comment that does not end', `<attr name='a' value=''/><!--'/>\n`],
  ])('is listed with its type and without attributes: %s', (_what, attributes) => {
    expect(mdevsOf({ xml: document(type + identity + attributes) })).toMatchObject([
      {
        backing: 'mdev',
        uuid,
        parent: '0000:00:02.0',
        parentPresent: true,
        typeId: 'i915-GVTg_V5_4',
        ...stored,
        attributes: [],
        iommuGroup: undefined,
        unreadable: true,
      },
    ]);
  });

  it('is listed by its name when nothing of the document can be read', () => {
    const unknown = { uuid, parent: '0000:00:02.0', typeId: 'unknown', unreadable: true };
    expect(mdevsOf({ xml: '<' })).toMatchObject([unknown]);
    expect(mdevsOf({ xml: '<', parent: 'computer' })).toMatchObject([{ ...unknown, parentPresent: false }]);
    expect(mdevsOf({ xml: document(`<type id='../x'/>${identity}`) })).toMatchObject([unknown]);
    expect(mdevsOf({ xml: '<device><name>x</name></device>' })).toMatchObject([unknown]);
  });

  it('is listed where the name holds no parent, as before libvirt 7.8', () => {
    expect(mdevsOf({ name: named, xml: '<' })).toMatchObject([{ uuid, parent: '0000:00:02.0', unreadable: true }]);
    expect(mdevsOf({ name: named, xml: '<', parent: 'computer' })).toMatchObject([{ uuid, parent: 'unknown' }]);
  });

  it('is the one that libvirt names, whatever the document says', () => {
    const other = identity.replaceAll('7686131b', 'deadbeef');
    expect(mdevsOf({ xml: document(type + other) })).toMatchObject([{ uuid, typeId: 'unknown', unreadable: true }]);
  });
});

it('an mdev without a parent address, as before libvirt 7.8, has its parent from libvirt’s names', () => {
  const xml = document(`${type}<uuid>${uuid}</uuid>`);
  const [mdev] = mdevsOf({ name: named, xml });
  expect(mdev).toMatchObject({ parent: '0000:00:02.0', typeId: 'i915-GVTg_V5_4' });
  expect(mdev).not.toHaveProperty('unreadable');
  // Also where only mdevs were asked for.
  expect(toListing([{ name: named, parent: 'pci_0000_00_02_0', xml, ...stored }]).mdevs).toMatchObject([
    { parent: '0000:00:02.0' },
  ]);
});

it('another device that cannot be read is left out and does not blind the list', () => {
  const { mdevs, parents } = toListing([gpu, { ...gpu, name: 'pci_0000_00_03_0', xml: '<' }]);
  expect(parents).toHaveLength(1);
  expect(mdevs).toEqual([]);
});
