// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseMdevTypeId, parseParentName } from '../identity/device-names.js';
import { parsePciAddress } from '../identity/pci-address.js';
import { parseUuid } from '../identity/uuid.js';
import type { Inventory } from '../model/inventory.js';
import { readInventory } from '../inventory/read-inventory.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleDevices, sampleDomain, sampleHostdev, sampleHostFile, sampleMdev } from '../testing/samples.js';
import { planCreateVgpu } from './create-vgpu.js';
import { executePlan } from './execute-plan.js';
import { planRefusal } from './plan-refusal.test-helper.js';
import type { CreateVgpuRequest } from './requests.js';

const typeId = parseMdevTypeId('i915-GVTg_V5_4');
const gpu = parseParentName('0000:00:02.0');
const uuid = parseUuid(sampleMdev().uuid);
const fresh = parseUuid('11111111-2222-4333-8444-555555555555');
const plan = (inventory: Inventory, request: Partial<CreateVgpuRequest> = {}) =>
  planCreateVgpu(inventory, { typeId, ...request }, () => fresh);

async function sample(...mdevs: Parameters<typeof sampleMdev>[0][]) {
  const host = new InMemoryHost(sampleHostFile(mdevs.map(sampleMdev)));
  return { host, inventory: await readInventory(host) };
}

describe('planCreateVgpu', () => {
  it('defines and starts with a new UUID under the parent that has the type', async () => {
    const { host, inventory } = await sample();
    const { created, steps } = plan(inventory);
    expect(created).toEqual({ uuid: fresh, parent: gpu });
    expect(steps.map(({ id }) => id)).toEqual(['define-mdev', 'start-mdev']);
    await executePlan({ steps }, host);
    expect((await host.nodeDevices.list()).mdevs).toMatchObject([{ uuid: fresh, active: true, persistent: true }]);
  });

  it('takes the UUID that is given', async () => {
    const { inventory } = await sample();
    const { created } = planCreateVgpu(inventory, { typeId, uuid }, () => {
      throw new Error('not asked for');
    });
    expect(created).toEqual({ uuid, parent: gpu });
  });

  it('makes a transient one by define, start, undefine', async () => {
    const { host, inventory } = await sample();
    const { steps } = plan(inventory, { persistent: false });
    expect(steps.map(({ id }) => id)).toEqual(['define-mdev', 'start-mdev', 'undefine-mdev']);
    await executePlan({ steps }, host);
    expect((await host.nodeDevices.list()).mdevs).toMatchObject([{ active: true, persistent: false }]);
  });

  it('only stores it, with autostart, also on a full parent', async () => {
    const { host, inventory } = await sample({ active: true, type: 'i915-GVTg_V5_1' });
    const { steps } = plan(inventory, { typeId: parseMdevTypeId('i915-GVTg_V5_1'), start: false, autostart: true });
    expect(steps.map(({ id }) => id)).toEqual(['define-mdev', 'set-autostart']);
    await executePlan({ steps }, host);
    expect((await host.nodeDevices.list()).mdevs).toContainEqual(
      expect.objectContaining({ uuid: fresh, active: false, autostart: true }),
    );
  });

  it('takes the parent with the most instances, and keeps to the GPU that is asked for', async () => {
    const file = sampleHostFile();
    const second = parseParentName('0000:03:00.0');
    const twoGpus = {
      ...file,
      pciDevices: file.pciDevices.flatMap((device) =>
        device.address === gpu ? [device, { ...device, address: second }] : [device],
      ),
      parents: file.parents.flatMap((parent) => [parent, { ...parent, name: second }]),
      mdevs: [sampleMdev({ active: true })],
    };
    const inventory = await readInventory(new InMemoryHost(twoGpus));
    expect(plan(inventory).created.parent).toBe(second);
    expect(plan(inventory, { gpu: parsePciAddress(gpu) }).created.parent).toBe(gpu);
    expect(plan(inventory, { parent: gpu }).created.parent).toBe(gpu);
    const idle = await readInventory(new InMemoryHost({ ...twoGpus, mdevs: [] }));
    expect(plan(idle).created.parent).toBe(gpu);
  });

  it('finds the parents that are virtual functions of a GPU', async () => {
    const { inventory } = await sample();
    const physical = parsePciAddress('0000:3d:00.0');
    const pciDevices = new Map(
      [...inventory.pciDevices].map(([address, device]) => [address, { ...device, physicalFunction: physical }]),
    );
    expect(plan({ ...inventory, pciDevices }, { gpu: physical }).created.parent).toBe(gpu);
  });
});

function refusal(inventory: Inventory, request: Partial<CreateVgpuRequest> = {}) {
  return planRefusal(inventory, () => plan(inventory, request));
}

describe('planCreateVgpu refuses', () => {
  it("an unknown type, and lists the parent's: NotFound", async () => {
    const { inventory } = await sample();
    expect(refusal(inventory, { typeId: parseMdevTypeId('nvidia-63') })).toMatchObject({
      code: 'NotFound',
      details: { types: ['1', '2', '4', '8'].map((number) => `i915-GVTg_V5_${number}`) },
    });
  });

  it('an unknown parent or GPU, or a parent that is not on the GPU: NotFound', async () => {
    const { inventory } = await sample();
    const wrong = parseParentName('0000:99:00.0');
    expect(refusal(inventory, { parent: wrong })).toMatchObject({ code: 'NotFound', details: { parent: wrong } });
    expect(refusal(inventory, { gpu: parsePciAddress('0000:3d:00.0') })).toMatchObject({ code: 'NotFound' });
    expect(refusal(inventory, { parent: gpu, gpu: parsePciAddress('0000:3d:00.0') })).toMatchObject({
      code: 'NotFound',
    });
  });

  it('a parent that is no PCI device when a GPU is asked for: NotFound', async () => {
    const { inventory } = await sample();
    const parents = new Map([...inventory.parents].map(([name, each]) => [name, { ...each, pciAddress: undefined }]));
    expect(refusal({ ...inventory, parents }, { gpu: parsePciAddress(gpu) })).toMatchObject({ code: 'NotFound' });
  });

  it('any type on a host without parents: NotFound', async () => {
    const inventory = await readInventory(new InMemoryHost({ ...sampleHostFile(), parents: [] }));
    expect(refusal(inventory)).toMatchObject({ code: 'NotFound' });
  });

  it('a full parent, and names who holds it: NoAvailableInstances', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev({ active: true, type: 'i915-GVTg_V5_1' })]), {
      domains: [sampleDomain({ active: sampleDevices({ hostdevs: [sampleHostdev(uuid)] }) })],
    });
    const error = refusal(await readInventory(host), { typeId: parseMdevTypeId('i915-GVTg_V5_1') });
    expect(error).toMatchObject({ code: 'NoAvailableInstances', details: { holders: [uuid] } });
    expect(error?.message).toContain('desktop');
  });

  it('a UUID that is there, also under another parent and when inactive: AlreadyExists', async () => {
    const { inventory } = await sample({ uuid, parent: '0000:99:00.0' });
    expect(refusal(inventory, { uuid })).toMatchObject({
      code: 'AlreadyExists',
      details: { parents: ['0000:99:00.0'] },
    });
    const { inventory: taken } = await sample({ uuid: fresh });
    expect(refusal(taken)).toMatchObject({ code: 'AlreadyExists' });
  });

  it('hostile attributes: InvalidArgument', async () => {
    const { inventory } = await sample();
    for (const name of ['/etc/victim', '..', 'remove']) {
      expect(refusal(inventory, { attributes: [[name, '1']] })).toMatchObject({ code: 'InvalidArgument' });
    }
  });

  it('wishes that contradict each other: InvalidArgument', async () => {
    const { inventory } = await sample();
    expect(refusal(inventory, { persistent: false, start: false })).toMatchObject({ code: 'InvalidArgument' });
    expect(refusal(inventory, { persistent: false, autostart: true })).toMatchObject({ code: 'InvalidArgument' });
  });
});
