// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { HostPorts } from '@vgpu/core';
import {
  definitionOf,
  eventually,
  findPlainDomain,
  firstUuid,
  gpu,
  idOf,
  readAll,
  secondUuid,
  type ContractHost,
} from './contract-host.js';

export function listChangedContract(current: () => ContractHost): void {
  describe('listChanged', () => {
    it('is what list is, before anything was listed', async () => {
      const { ports } = current();
      const changed = await readAll(ports, 'listChanged');
      expect(changed).toEqual(await readAll(ports));
    });

    it('is what list is after every change through the ports, counts of sibling types included', async () => {
      const { ports } = current();
      const { uuid } = await findPlainDomain(ports);
      const edits = [{ kind: 'set-video-none' }] as const;
      const changes: (() => Promise<unknown>)[] = [
        () => ports.nodeDevices.define(definitionOf()),
        () => ports.nodeDevices.setAutostart(idOf(), true),
        () => ports.nodeDevices.start(idOf()),
        () => ports.nodeDevices.stop(idOf()),
        () => ports.nodeDevices.undefine(idOf()),
        async () => ports.domains.apply(await ports.domains.preview(uuid, edits), edits),
      ];
      for (const change of changes) {
        await change();
        const changed = await readAll(ports, 'listChanged');
        expect(changed).toEqual(await readAll(ports));
      }
    });

    it('follows what others do', async () => {
      const { ports, others } = current();
      await readAll(ports, 'listChanged');
      await others.startTransient(definitionOf());
      // What one V5_4 takes is missing for two V5_8.
      await follows(ports, async () => expect(await changedInstances(ports)).toEqual({ 1: 1, 2: 2, 4: 4, 8: 5 }));
      await others.stop(idOf());
      await follows(ports, async () => expect(await changedInstances(ports)).toEqual({ 1: 1, 2: 2, 4: 5, 8: 7 }));
      const { uuid } = await findPlainDomain(ports);
      await others.retitle(uuid, 'renamed');
      await follows(ports, async () => {
        expect((await ports.domains.listChanged()).find((domain) => domain.uuid === uuid)?.title).toBe('renamed');
      });
    });

    it('follows a parent that goes and comes', async () => {
      const host = current();
      const { ports } = host;
      await ports.nodeDevices.define(definitionOf());
      await readAll(ports, 'listChanged');
      await host.unplug(gpu);
      await follows(ports, async () => {
        const { parents, mdevs } = await ports.nodeDevices.listChanged();
        expect(parents).toEqual([]);
        expect(mdevs).toMatchObject([{ uuid: firstUuid, parentPresent: false }]);
      });
      await host.plug(gpu);
      await follows(ports, async () => {
        const { parents, mdevs } = await ports.nodeDevices.listChanged();
        expect(parents).toHaveLength(1);
        expect(mdevs).toMatchObject([{ uuid: firstUuid, parentPresent: true }]);
      });
    });

    it('has what happened while the connection was lost', async () => {
      const { ports, others, interrupt } = current();
      await ports.nodeDevices.define(definitionOf());
      await readAll(ports, 'listChanged');
      await interrupt(() => others.startTransient(definitionOf(secondUuid)));
      await follows(ports, async () => {
        expect((await ports.nodeDevices.listChanged()).mdevs).toHaveLength(2);
        expect(await changedInstances(ports)).toEqual({ 1: 1, 2: 2, 4: 4, 8: 5 });
      });
    });

    it('gives what is as it was as the same objects', async () => {
      const { ports } = current();
      await ports.nodeDevices.define(definitionOf(firstUuid));
      await ports.nodeDevices.define(definitionOf(secondUuid));
      await settled(ports);
      const before = await ports.nodeDevices.listChanged();
      const domains = await ports.domains.listChanged();
      expect(await ports.nodeDevices.listChanged()).toBe(before);
      await ports.nodeDevices.start(idOf(firstUuid));
      await settled(ports);
      const after = await ports.nodeDevices.listChanged();
      expect(after.pciDevices).toBe(before.pciDevices);
      expect(await ports.domains.listChanged()).toBe(domains);
      expect(find(after, secondUuid)).toBe(find(before, secondUuid));
      expect(find(after, firstUuid)).not.toEqual(find(before, firstUuid));
      expect(after.parents).not.toEqual(before.parents);
    });
  });
}

type Listing = Awaited<ReturnType<HostPorts['nodeDevices']['listChanged']>>;

function find({ mdevs }: Listing, uuid: string) {
  return mdevs.find((mdev) => mdev.uuid === uuid);
}

/** Available instances of the GPU's types, by the number at the end of their ids. */
async function changedInstances(ports: HostPorts): Promise<Readonly<Record<string, number>>> {
  const { parents } = await ports.nodeDevices.listChanged();
  const types = parents.find((parent) => parent.name === gpu)?.types ?? [];
  return Object.fromEntries(types.map((type) => [type.typeId.replace(/^.*_/, ''), type.availableInstances]));
}

/** Waits until listChanged alone has brought the change; list must then say the same. */
async function follows(ports: HostPorts, assertions: () => Promise<void>): Promise<void> {
  await eventually(assertions);
  await settled(ports);
}

/** Events that come late are over, when both say the same. */
async function settled(ports: HostPorts): Promise<void> {
  await eventually(async () => {
    const changed = await readAll(ports, 'listChanged');
    expect(changed).toEqual(await readAll(ports));
  });
}
