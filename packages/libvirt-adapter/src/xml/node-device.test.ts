// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseMdevTypeId, parseParentName, parseUuid } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { codeOf, fixture } from '../testing.js';
import { attribute, descend, elements, parseXml } from './document.js';
import { formatMdevXml, readNodeDevice } from './node-device.js';

const read = (name: string): ReturnType<typeof readNodeDevice> => readNodeDevice(fixture(`libvirt-9.0.0/${name}.xml`));

describe('readNodeDevice', () => {
  it('reads a GPU that makes mdevs', () => {
    const { nodeDeviceName, pciDevice, parent, mdev } = read('node-device-gpu');
    expect(nodeDeviceName).toBe('pci_0000_00_02_0');
    expect(pciDevice).toEqual({
      address: '0000:00:02.0',
      classId: 0x030000,
      vendorId: 0x8086,
      productId: 0x193b,
      driver: 'i915',
      iommuGroup: 0,
      numaNode: undefined,
      physicalFunction: undefined,
    });
    expect(parent?.types.map(({ typeId, availableInstances }) => [typeId, availableInstances])).toEqual([
      ['i915-GVTg_V5_8', 5],
      ['i915-GVTg_V5_4', 4],
      ['i915-GVTg_V5_2', 2],
      ['i915-GVTg_V5_1', 1],
    ]);
    expect(mdev).toBeUndefined();
  });

  it('reads an active mdev, an inactive one, and one whose parent is missing', () => {
    expect(read('node-device-mdev-active').mdev).toEqual({
      uuid: '7686131b-b229-4768-a02c-35d1dbed7c66',
      typeId: 'i915-GVTg_V5_4',
      parent: '0000:00:02.0',
      attributes: [],
      iommuGroup: 17,
    });
    // Written without escaping by this libvirt.
    expect(read('node-device-mdev-inactive').mdev?.attributes).toEqual([['some_attr', '"a" & b']]);
    expect(read('node-device-mdev-parent-missing')).toMatchObject({
      parentNodeDeviceName: 'computer',
      mdev: { parent: '0000:00:02.0' },
    });
  });

  it('reads decimal fields and hexadecimal addresses of a PCI function', () => {
    const xml = `<device><name>pci_0000_3b_10_2</name><parent>pci_0000_3a_00_0</parent><driver><name>nvidia</name></driver>
      <capability type='pci'><class>0x030200</class><domain>0</domain><bus>59</bus><slot>16</slot><function>2</function>
      <product id='0x2230'/><vendor id='0x10de'>NVIDIA</vendor>
      <capability type='phys_function'><address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/></capability>
      <iommuGroup number='63'><address domain='0x0000' bus='0x3b' slot='0x10' function='0x2'/></iommuGroup>
      <numa node='1'/></capability></device>`;
    expect(readNodeDevice(xml).pciDevice).toEqual({
      address: '0000:3b:10.2',
      classId: 0x030200,
      vendorId: 0x10de,
      productId: 0x2230,
      driver: 'nvidia',
      iommuGroup: 63,
      numaNode: 1,
      physicalFunction: '0000:3b:00.0',
    });
  });

  it('leaves out what has no name in core: a type with a slash, an address with five digits', () => {
    const types =
      "<capability type='mdev_types'><type id='../x'/><type id='ok'><deviceAPI>vfio-pci</deviceAPI><availableInstances>2</availableInstances></type></capability>";
    const device = (domain: number): string =>
      `<device><name>n</name><path>/sys/devices/x</path><capability type='pci'><domain>${domain}</domain><bus>0</bus><slot>2</slot><function>0</function><product id='0x1'/><vendor id='0x2'/>${types}</capability></device>`;
    expect(readNodeDevice(device(0)).parent).toEqual({
      name: '0000:00:02.0',
      pciAddress: '0000:00:02.0',
      types: [{ typeId: 'ok', name: undefined, deviceApi: 'vfio-pci', availableInstances: 2 }],
    });
    expect(readNodeDevice(device(0x10000)).pciDevice).toBeUndefined();
  });

  it('refuses another document', () => {
    expect(codeOf(() => readNodeDevice('<domain/>'))).toBe('Internal');
    expect(codeOf(() => readNodeDevice('<device/>'))).toBe('Internal');
  });
});

describe('formatMdevXml', () => {
  it('cannot be led out of an attribute', () => {
    const xml = formatMdevXml(
      {
        uuid: parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66'),
        parent: parseParentName('0000:00:02.0'),
        typeId: parseMdevTypeId('i915-GVTg_V5_4'),
        attributes: [['a', `x'/><evil y='"&lt;`]],
      },
      'pci_0000_00_02_0',
    );
    const capability = descend(parseXml(xml), 'capability');
    expect(elements(capability).map((element) => element.name)).toEqual(['type', 'uuid', 'attr']);
    expect(attribute(descend(capability, 'attr'), 'value')).toBe(`x'/><evil y='"&lt;`);
  });
});
