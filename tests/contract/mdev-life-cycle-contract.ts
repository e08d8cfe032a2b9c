// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { definitionOf, findMdev, firstUuid, idOf, instances, secondUuid, type ContractHost } from './contract-host.js';

export function mdevLifeCycleContract(current: () => ContractHost): void {
  describe('mdev life cycle', () => {
    it('define stores an inactive mdev that takes no instance', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      expect(await findMdev(ports, idOf())).toEqual({
        ...definitionOf(),
        backing: 'mdev',
        parentPresent: true,
        active: false,
        persistent: true,
        autostart: false,
        iommuGroup: undefined,
      });
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 });
    });

    it('start makes it active in a group of its own and takes from all sibling types', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      const mdev = await findMdev(ports, idOf());
      expect(mdev).toMatchObject({ active: true, persistent: true, parentPresent: true });
      expect(mdev?.iommuGroup).toBeTypeOf('number');
      const { pciDevices } = await ports.nodeDevices.list();
      expect(pciDevices.map((device) => device.iommuGroup)).not.toContain(mdev?.iommuGroup);
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 4, 8: 5 });
    });

    it('stop of a stored mdev makes it inactive and gives all instances back', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.stop(idOf());
      expect(await findMdev(ports, idOf())).toMatchObject({ active: false, persistent: true, iommuGroup: undefined });
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 });
    });

    it('undefine of an inactive mdev removes it', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.undefine(idOf());
      expect(await findMdev(ports, idOf())).toBeUndefined();
    });

    it('undefine of an active mdev keeps it as a transient one and clears autostart', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.setAutostart(idOf(), true);
      await ports.nodeDevices.undefine(idOf());
      expect(await findMdev(ports, idOf())).toMatchObject({ active: true, persistent: false, autostart: false });
    });

    it('stop of a transient mdev removes it', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.undefine(idOf());
      await ports.nodeDevices.stop(idOf());
      expect(await findMdev(ports, idOf())).toBeUndefined();
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 });
    });

    it('define of an active transient mdev stores that one', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.undefine(idOf());
      await ports.nodeDevices.define(definitionOf());
      expect(await findMdev(ports, idOf())).toMatchObject({ active: true, persistent: true, autostart: false });
      expect((await ports.nodeDevices.list()).mdevs).toHaveLength(1);
    });

    it('autostart can be switched on and off, and again without a change', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      for (const autostart of [true, true, false, false]) {
        await ports.nodeDevices.setAutostart(idOf(), autostart);
        expect(await findMdev(ports, idOf())).toMatchObject({ autostart, active: false });
      }
    });

    it('two mdevs live side by side', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf(firstUuid, 2));
      await ports.nodeDevices.define(definitionOf(secondUuid, 8));
      await ports.nodeDevices.start(idOf(firstUuid));
      await ports.nodeDevices.start(idOf(secondUuid));
      expect(await instances(ports)).toEqual({ 1: 0, 2: 1, 4: 2, 8: 3 });
      await ports.nodeDevices.stop(idOf(firstUuid));
      expect(await findMdev(ports, idOf(secondUuid))).toMatchObject({ active: true });
      expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 4, 8: 6 });
    });
  });
}
