// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { parseMdevTypeId, parseParentName, planStartVgpu, readInventory } from '@vgpu/core';
import { refusal, findMdev, firstUuid, type ContractHost } from './contract-host.js';

const parents = [parseParentName('0000:3b:00.0'), parseParentName('0000:86:00.0')] as const;
const typeId = parseMdevTypeId('nvidia-63');
const id = { uuid: firstUuid, parent: parents[0] };

/** The host file stores firstUuid under the first parent, with an attribute that some hosts cannot even show. */
export function oddAttributeContract(current: () => ContractHost): void {
  it('lists it', async () => {
    expect(await findMdev(current().ports, id)).toMatchObject({ typeId, active: false, persistent: true });
  });

  it('refuses to store the same UUID again, under every parent: AlreadyExists, nothing changes', async () => {
    const { ports } = current();
    for (const parent of parents) {
      const definition = { uuid: firstUuid, parent, typeId, attributes: [] };
      expect(await refusal(ports, () => ports.nodeDevices.define(definition))).toBe('AlreadyExists');
    }
  });

  it('is not started by a plan: InvalidState', async () => {
    const { ports } = current();
    const inventory = await readInventory(ports);
    expect(() => planStartVgpu(inventory, id)).toThrow(expect.objectContaining({ code: 'InvalidState' }));
  });
}
