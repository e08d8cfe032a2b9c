// SPDX-License-Identifier: LGPL-2.1-or-later
import { expect, it } from 'vitest';
import { parseMdevTypeId, parseParentName } from '@vgpu/core';
import { refusal, findMdev, firstUuid, secondUuid, type ContractHost } from './contract-host.js';

const parents = [parseParentName('0000:3b:00.0'), parseParentName('0000:86:00.0')] as const;
const typeId = parseMdevTypeId('nvidia-63');

/** The host file defines firstUuid under both parents; libvirt itself would change the wrong one, or both. */
export function twinUuidContract(current: () => ContractHost): void {
  it('lists both definitions', async () => {
    const { ports } = current();
    for (const parent of parents) {
      expect(await findMdev(ports, { uuid: firstUuid, parent })).toMatchObject({ active: false, persistent: true });
    }
  });

  it('refuses to start, undefine or autostart either: Ambiguous, nothing changes', async () => {
    const { ports } = current();
    for (const parent of parents) {
      const id = { uuid: firstUuid, parent };
      expect(await refusal(ports, () => ports.nodeDevices.start(id))).toBe('Ambiguous');
      expect(await refusal(ports, () => ports.nodeDevices.undefine(id))).toBe('Ambiguous');
      expect(await refusal(ports, () => ports.nodeDevices.setAutostart(id, true))).toBe('Ambiguous');
    }
  });

  it('refuses to make another such pair: AlreadyExists, nothing changes', async () => {
    const { ports } = current();
    const definition = { uuid: secondUuid, parent: parents[0], typeId, attributes: [] };
    await ports.nodeDevices.define(definition);
    expect(await refusal(ports, () => ports.nodeDevices.define({ ...definition, parent: parents[1] }))).toBe(
      'AlreadyExists',
    );
  });
}
