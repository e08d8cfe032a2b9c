// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseMdevTypeId, parseParentName } from '@vgpu/core';
import { definitionOf, refusal, firstUuid, idOf, secondUuid, unknownUuid, type ContractHost } from './contract-host.js';

export function mdevRefusalsContract(current: () => ContractHost): void {
  describe('mdev refusals, which change nothing', () => {
    it('define of an unknown type: NotFound', async () => {
      const { ports } = current();
      const definition = { ...definitionOf(), typeId: parseMdevTypeId('i915-GVTg_V5_3') };
      expect(await refusal(ports, () => ports.nodeDevices.define(definition))).toBe('NotFound');
    });

    it('define under an unknown parent: NotFound', async () => {
      const { ports } = current();
      const definition = { ...definitionOf(), parent: parseParentName('0000:99:00.0') };
      expect(await refusal(ports, () => ports.nodeDevices.define(definition))).toBe('NotFound');
    });

    it('a second define: AlreadyExists', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      expect(await refusal(ports, () => ports.nodeDevices.define(definitionOf()))).toBe('AlreadyExists');
    });

    it('a second define of an active one: AlreadyExists', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      expect(await refusal(ports, () => ports.nodeDevices.define(definitionOf()))).toBe('AlreadyExists');
    });

    it('start on a full parent: NoAvailableInstances', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf(firstUuid, 1));
      await ports.nodeDevices.define(definitionOf(secondUuid, 1));
      await ports.nodeDevices.start(idOf(firstUuid));
      expect(await refusal(ports, () => ports.nodeDevices.start(idOf(secondUuid)))).toBe('NoAvailableInstances');
    });

    it('start of an active one: InvalidState', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      expect(await refusal(ports, () => ports.nodeDevices.start(idOf()))).toBe('InvalidState');
    });

    it('stop of an inactive one: InvalidState', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      expect(await refusal(ports, () => ports.nodeDevices.stop(idOf()))).toBe('InvalidState');
    });

    it('undefine of a transient one: InvalidState', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.undefine(idOf());
      expect(await refusal(ports, () => ports.nodeDevices.undefine(idOf()))).toBe('InvalidState');
    });

    it('autostart of a transient one: InvalidState', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      await ports.nodeDevices.start(idOf());
      await ports.nodeDevices.undefine(idOf());
      expect(await refusal(ports, () => ports.nodeDevices.setAutostart(idOf(), true))).toBe('InvalidState');
    });

    it('start, stop, undefine and autostart of an unknown one: NotFound', async () => {
      const { nodeDevices } = current().ports;
      const id = idOf(unknownUuid);
      expect(await refusal(current().ports, () => nodeDevices.start(id))).toBe('NotFound');
      expect(await refusal(current().ports, () => nodeDevices.stop(id))).toBe('NotFound');
      expect(await refusal(current().ports, () => nodeDevices.undefine(id))).toBe('NotFound');
      expect(await refusal(current().ports, () => nodeDevices.setAutostart(id, true))).toBe('NotFound');
    });

    it('start and stop of a known UUID under another parent: NotFound', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf());
      const id = { ...idOf(), parent: parseParentName('0000:99:00.0') };
      expect(await refusal(ports, () => ports.nodeDevices.start(id))).toBe('NotFound');
      expect(await refusal(ports, () => ports.nodeDevices.stop(id))).toBe('NotFound');
      expect(await refusal(ports, () => ports.nodeDevices.undefine(id))).toBe('NotFound');
    });
  });
}
