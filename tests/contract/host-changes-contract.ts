// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { HostPorts } from '@vgpu/core';
import {
  definitionOf,
  eventually,
  refusal,
  findMdev,
  findPlainDomain,
  firstUuid,
  gpu,
  idOf,
  instances,
  secondUuid,
  type ContractHost,
} from './contract-host.js';

export function hostChangesContract(current: () => ContractHost): void {
  describe('change events', () => {
    it('follow define, start, stop and undefine', async () => {
      const { ports } = current();
      expect(await tellsChange(ports, () => ports.nodeDevices.define(definitionOf()))).toBe(true);
      expect(await tellsChange(ports, () => ports.nodeDevices.start(idOf()))).toBe(true);
      expect(await tellsChange(ports, () => ports.nodeDevices.stop(idOf()))).toBe(true);
      expect(await tellsChange(ports, () => ports.nodeDevices.undefine(idOf()))).toBe(true);
    });

    it('follow a changed domain definition', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const edited = await ports.domains.preview(uuid, [{ kind: 'set-video-none' }]);
      expect(await tellsChange(ports, () => ports.domains.apply(edited, [{ kind: 'set-video-none' }]))).toBe(true);
    });

    it('follow a parent that goes and comes', async () => {
      const host = current();
      expect(await tellsChange(host.ports, () => host.unplug(gpu))).toBe(true);
      expect(await tellsChange(host.ports, () => host.plug(gpu))).toBe(true);
    });

    it('do not reach a listener that has unsubscribed', async () => {
      const { ports } = current();
      let calls = 0;
      const unsubscribe = ports.events.onChange(() => {
        calls += 1;
      });
      unsubscribe();
      expect(await tellsChange(ports, () => ports.nodeDevices.define(definitionOf()))).toBe(true);
      expect(calls).toBe(0);
    });
  });

  describe('a parent that is taken out', () => {
    it('takes its active mdevs with it and leaves their definitions', async () => {
      const host = current();
      const { ports } = host;
      await ports.nodeDevices.define(definitionOf(firstUuid));
      await ports.nodeDevices.start(idOf(firstUuid));
      await ports.nodeDevices.define(definitionOf(secondUuid));
      await ports.nodeDevices.start(idOf(secondUuid));
      await ports.nodeDevices.undefine(idOf(secondUuid));
      await host.unplug(gpu);
      await eventually(async () => {
        const { parents, pciDevices, mdevs } = await ports.nodeDevices.list();
        expect(parents.map(({ name }) => name)).not.toContain(gpu);
        expect(pciDevices.map(({ address }) => address)).not.toContain('0000:00:02.0');
        expect(mdevs).toHaveLength(1);
        expect(mdevs[0]).toMatchObject({ uuid: firstUuid, parent: gpu, parentPresent: false });
        expect(mdevs[0]).toMatchObject({ active: false, persistent: true, iommuGroup: undefined });
      });
      expect(await refusal(ports, () => ports.nodeDevices.start(idOf(firstUuid)))).toBe('InvalidState');
      expect(await refusal(ports, () => ports.nodeDevices.define(definitionOf(secondUuid)))).toBe('NotFound');
    });

    it('comes back with its types, and the definitions can be started', async () => {
      const host = current();
      const { ports } = host;
      await ports.nodeDevices.define(definitionOf());
      await host.unplug(gpu);
      await eventually(async () => expect(await findMdev(ports, idOf())).toMatchObject({ parentPresent: false }));
      await host.plug(gpu);
      await eventually(async () => {
        expect(await findMdev(ports, idOf())).toMatchObject({ parentPresent: true, persistent: true });
        expect(await instances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 });
      });
      await ports.nodeDevices.start(idOf());
      expect(await findMdev(ports, idOf())).toMatchObject({ active: true });
    });
  });

  describe('status', () => {
    it('is connected while the host answers', () => {
      expect(current().ports.events.status()).toMatchObject({ connected: true });
    });
  });
}

/** Whether listeners are told while `act` runs, or within the time after it. */
async function tellsChange(ports: HostPorts, act: () => Promise<unknown>): Promise<boolean> {
  let changes = 0;
  const unsubscribe = ports.events.onChange(() => {
    changes += 1;
  });
  try {
    await act();
    await eventually(async () => expect(changes).toBeGreaterThan(0));
    return changes > 0;
  } finally {
    unsubscribe();
  }
}
