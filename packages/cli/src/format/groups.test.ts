// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { readReference } from '../testing/golden.js';
import { pageDevices } from '../testing/page-devices.js';
import { formatGroups, formatGroupsJson, type GroupedPciDevice, type IommuGroupMembers } from './groups.js';

function group(number: number, pciDevices: readonly GroupedPciDevice[], vgpus: IommuGroupMembers['vgpus'] = []) {
  return { number, pciDevices, vgpus };
}

const gpu: GroupedPciDevice = {
  address: '0000:00:02.0',
  classId: 0x030000,
  className: 'VGA compatible controller',
  vendorId: 0x8086,
  vendorName: 'Intel Corporation',
  productId: 0x193b,
  productName: 'Iris Pro Graphics 580',
  revision: 9,
  driver: 'i915',
};

describe('formatGroups', () => {
  it("prints the documented machine's groups 0 to 16 line for line, whatever the order they come in", () => {
    const numbers = [...new Set(pageDevices.map((device) => device.group))].toReversed();
    const groups = numbers.map((number) =>
      group(number, pageDevices.filter((device) => device.group === number).toReversed()),
    );
    expect(formatGroups(groups)).toBe(readReference('page-groups'));
  });

  it('prints odd devices as lspci 3.9.0 does: no names, no revision, other PCI domains', () => {
    const iris = { ...gpu, revision: 0x0a, driver: '' };
    const none = { ...gpu, revision: 0, productName: '', driver: '' };
    const odd = 'VMWare Inc (temporary ID)';
    const devices: GroupedPciDevice[] = [
      gpu,
      { ...none, address: '0000:00:03.0', classId: 0x039900, className: 'Display controller', productId: 1 },
      {
        ...none,
        address: '0000:00:04.0',
        classId: 0x990000,
        className: '',
        vendorId: 0xfffe,
        vendorName: odd,
        productId: 1,
        revision: 1,
      },
      {
        ...none,
        address: '0000:00:05.0',
        classId: 0xff0000,
        className: 'Unassigned class',
        vendorId: 0xfffe,
        vendorName: odd,
        productId: 1,
      },
      { ...iris, address: '0000:00:06.0', classId: 0x0300ff },
      { ...iris, address: '0000:00:07.0', classId: 0, className: 'Non-VGA unclassified device' },
      { ...iris, address: '0000:00:08.0', classId: 0x000500, className: 'Image coprocessor' },
      {
        ...none,
        address: '0000:00:09.0',
        classId: 0x028000,
        className: 'Network controller',
        vendorId: 0xffff,
        vendorName: 'Illegal Vendor ID',
        productId: 0xffff,
      },
      {
        ...iris,
        address: '0001:00:08.0',
        classId: 0x010802,
        className: 'Non-Volatile memory controller',
        revision: 0xff,
      },
      { ...iris, address: '10000:e0:08.0', classId: 0x020000, className: 'Ethernet controller', revision: 0xff },
    ];
    const printed = formatGroups([group(0, devices)])
      .split('\n')
      .slice(1)
      .join('\n')
      .replaceAll('\t', '');
    expect(printed).toBe(readReference('lspci-3.9.0'));
  });

  it('calls a device Device where not even the vendor is known', () => {
    const unknown = { ...gpu, className: '', vendorName: '', productName: '', revision: 0 };
    expect(formatGroups([group(3, [unknown])])).toBe('IOMMU Group 3:\n\t00:02.0 Class [0300]: Device [8086:193b]\n');
  });

  it('lists vGPUs behind PCI functions, and escapes what is not plain', () => {
    const vgpu = { uuid: '7686131b-b229-4768-a02c-35d1dbed7c66', typeId: 'i915-GVTg_V5_4', parentName: '0000:00:02.0' };
    const text = formatGroups([group(17, [], [vgpu]), group(0, [{ ...gpu, productName: 'Iris\u202e\u001b[2J' }])]);
    expect(text).toBe(
      'IOMMU Group 0:\n' +
        '\t00:02.0 VGA compatible controller [0300]: Intel Corporation Iris\\u{202e}\\x1b[2J [8086:193b] (rev 09)\n' +
        'IOMMU Group 17:\n' +
        '\t7686131b-b229-4768-a02c-35d1dbed7c66 Mediated device i915-GVTg_V5_4 on 00:02.0\n',
    );
  });

  it('prints nothing for a host without an IOMMU', () => {
    expect(formatGroups([])).toBe('');
    expect(formatGroupsJson([])).toBe('[]\n');
  });
});

describe('formatGroupsJson', () => {
  it('has ids as lspci prints them and null for what is not known', () => {
    expect(JSON.parse(formatGroupsJson([group(0, [{ ...gpu, productName: '', driver: '' }])]))).toStrictEqual([
      {
        group: 0,
        devices: [
          {
            address: '0000:00:02.0',
            class: { id: '0300', name: 'VGA compatible controller' },
            vendor: { id: '8086', name: 'Intel Corporation' },
            device: { id: '193b', name: null },
            revision: '09',
            driver: null,
          },
        ],
        vgpus: [],
      },
    ]);
  });
});
