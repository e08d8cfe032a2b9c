// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { gpu, instances, type ContractHost } from './contract-host.js';

export function listingContract(current: () => ContractHost): void {
  describe('listing', () => {
    it('has the GPU with its four types and their counts', async () => {
      const { ports } = current();
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 });
      const parent = (await ports.nodeDevices.list()).parents.find(({ name }) => name === gpu);
      expect(parent?.pciAddress).toBe(gpu);
      expect(parent?.types.map((type) => type.deviceApi)).toEqual(['vfio-pci', 'vfio-pci', 'vfio-pci', 'vfio-pci']);
    });

    it('has the PCI device with its numbers, driver and IOMMU group', async () => {
      const { pciDevices } = await current().ports.nodeDevices.list();
      expect(pciDevices.find(({ address }) => address === '0000:00:02.0')).toEqual({
        address: '0000:00:02.0',
        classId: 0x030000,
        vendorId: 0x8086,
        productId: 0x193b,
        driver: 'i915',
        iommuGroup: 0,
        numaNode: undefined,
        physicalFunction: undefined,
      });
    });

    it('has no mdev before one is made', async () => {
      expect((await current().ports.nodeDevices.list()).mdevs).toEqual([]);
    });
  });
}
