// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseMdevTypeId, parseParentName } from '../identity/device-names.js';
import { parsePciAddress } from '../identity/pci-address.js';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import { formatVgpuKey } from '../model/vgpu.js';
import type { HostFileMdev } from '../testing/host-file.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleDevices, sampleDomain, sampleHostdev, sampleHostFile, sampleMdev } from '../testing/samples.js';
import { planAssignVgpu } from './assign-vgpu.js';
import { planCreateVgpu } from './create-vgpu.js';
import { executePlan } from './execute-plan.js';
import { planRefusal } from './plan-refusal.test-helper.js';
import type { Plan } from './plan.js';
import { planStartVgpu, planStopVgpu } from './start-stop-vgpu.js';
import { planDefineVgpu, planSetAutostart, planUndefineVgpu } from './vgpu-definition.js';

const uuid = parseUuid(sampleMdev().uuid);
const parent = parseParentName('0000:00:02.0');
const id = { uuid, parent };
const typeId = parseMdevTypeId('i915-GVTg_V5_4');
const missingParent = parseParentName('0000:99:00.0');
const withHostdev = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
const runningUser = sampleDomain({ state: 'running', active: withHostdev });
const storedUser = sampleDomain({ inactive: withHostdev });

function hostOf(mdevs: readonly Partial<HostFileMdev>[], domains: readonly Domain[] = []): InMemoryHost {
  return new InMemoryHost(sampleHostFile(mdevs.map(sampleMdev)), { domains });
}

async function run(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const plan = planner(await readInventory(host));
  await executePlan(plan, host);
  const mdev = (await readInventory(host)).vgpus.get(formatVgpuKey(id));
  return { steps: plan.steps.map((step) => step.id), mdev };
}

async function refusal(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const inventory = await readInventory(host);
  return planRefusal(inventory, () => planner(inventory));
}

const planners = {
  start: (inventory: Inventory) => planStartVgpu(inventory, id),
  stop: (inventory: Inventory) => planStopVgpu(inventory, id),
  define: (inventory: Inventory) => planDefineVgpu(inventory, id),
  undefine: (inventory: Inventory) => planUndefineVgpu(inventory, id),
  autostart: (inventory: Inventory) => planSetAutostart(inventory, id, true),
  assign: (inventory: Inventory) => planAssignVgpu(inventory, id, sampleDomain().uuid),
};

describe('plans of the life cycle', () => {
  it('start makes a stored vGPU active', async () => {
    const { steps, mdev } = await run(hostOf([{}]), planners.start);
    expect(steps).toEqual(['start-mdev']);
    expect(mdev).toMatchObject({ active: true });
  });

  it('stop makes it inactive', async () => {
    const { steps, mdev } = await run(hostOf([{ active: true }]), planners.stop);
    expect(steps).toEqual(['stop-mdev']);
    expect(mdev).toMatchObject({ active: false });
  });

  it('stop of a transient one removes it and says so', async () => {
    const { steps, mdev } = await run(hostOf([{ active: true, persistent: false }]), planners.stop);
    expect(steps).toEqual(['stop-mdev', 'note-vgpu-transient']);
    expect(mdev).toBeUndefined();
  });

  it('stop tells which shut-off domains need it', async () => {
    const { steps } = await run(hostOf([{ active: true }], [storedUser]), planners.stop);
    expect(steps).toEqual(['stop-mdev', 'note-domains-need-vgpu']);
  });

  it('define stores an active transient vGPU', async () => {
    const { steps, mdev } = await run(hostOf([{ active: true, persistent: false }]), planners.define);
    expect(steps).toEqual(['define-mdev']);
    expect(mdev).toMatchObject({ active: true, persistent: true });
  });

  it('undefine of an inactive one removes it', async () => {
    const { steps, mdev } = await run(hostOf([{}]), planners.undefine);
    expect(steps).toEqual(['undefine-mdev']);
    expect(mdev).toBeUndefined();
  });

  it('undefine of an active one makes it transient and says so', async () => {
    const { steps, mdev } = await run(hostOf([{ active: true, autostart: true }]), planners.undefine);
    expect(steps).toEqual(['undefine-mdev', 'note-vgpu-transient']);
    expect(mdev).toMatchObject({ active: true, persistent: false, autostart: false });
  });

  it('autostart is set once', async () => {
    expect((await run(hostOf([{}]), planners.autostart)).mdev).toMatchObject({ autostart: true });
    expect((await run(hostOf([{ autostart: true }]), planners.autostart)).steps).toEqual([]);
  });

  it('undefine and autostart work while the parent is missing', async () => {
    const gone = { ...id, parent: missingParent };
    const inventory = await readInventory(hostOf([{ parent: missingParent }]));
    expect(planUndefineVgpu(inventory, gone).steps).toHaveLength(1);
    expect(planSetAutostart(inventory, gone, true).steps).toHaveLength(1);
  });
});

describe('notes', () => {
  it('name no command: they are shown by desktops too', async () => {
    const stopped = await readInventory(hostOf([{ active: true }], [storedUser]));
    const assigned = await readInventory(hostOf([{}], [sampleDomain()]));
    const steps = [...planners.stop(stopped).steps, ...planners.assign(assigned).steps];
    for (const { message } of steps) expect(message).not.toMatch(/vgpuctl|virsh|mdevctl/);
    expect(steps.filter(({ message }) => message.includes('through vgpud')).map((step) => step.id)).toEqual([
      'note-domains-need-vgpu',
      'note-vgpu-inactive',
    ]);
  });
});

describe('plans of the life cycle refuse', () => {
  it.each(Object.entries(planners))('to %s an unknown vGPU: NotFound', async (_verb, planner) => {
    expect(await refusal(hostOf([]), planner)).toMatchObject({ code: 'NotFound' });
    expect(await refusal(hostOf([{ parent: missingParent }]), planner)).toMatchObject({ code: 'NotFound' });
  });

  it.each(Object.entries(planners))('to %s what is no mediated device: NotSupported', async (_verb, planner) => {
    const inventory = await readInventory(hostOf([]));
    const address = parsePciAddress('3b:00.4');
    const vgpus = new Map([[formatVgpuKey(id), { backing: 'sriov-vf', ...id, address, iommuGroup: 9 } as const]]);
    const sriov = { ...inventory, vgpus };
    expect(planRefusal(sriov, () => planner(sriov))).toMatchObject({ code: 'NotSupported' });
  });

  it.each([
    ['start', planners.start],
    ['undefine', planners.undefine],
    ['autostart', planners.autostart],
  ])('to %s a UUID two parents have: Ambiguous, named', async (_verb, planner) => {
    expect(await refusal(hostOf([{}, { parent: missingParent }]), planner)).toMatchObject({
      code: 'Ambiguous',
      details: { parents: [parent, missingParent] },
    });
  });

  it('and to undefine with a hint that removes the one it was asked of', async () => {
    for (const asked of [parent, missingParent]) {
      const error = await refusal(hostOf([{}, { parent: missingParent }]), (inventory) =>
        planUndefineVgpu(inventory, { uuid, parent: asked }),
      );
      expect(error?.message).toContain(`mdevctl undefine --uuid ${uuid} --parent ${asked}`);
    }
  });

  it('to define a UUID two parents have: Ambiguous', async () => {
    const host = hostOf([{ active: true, persistent: false }, { parent: missingParent }]);
    expect(await refusal(host, planners.define)).toMatchObject({ code: 'Ambiguous' });
  });

  it('to start an active one: InvalidState', async () => {
    expect(await refusal(hostOf([{ active: true }]), planners.start)).toMatchObject({ code: 'InvalidState' });
  });

  it('to start one whose parent is missing: InvalidState', async () => {
    const inventory = await readInventory(hostOf([{ parent: missingParent }]));
    const planner = () => planStartVgpu(inventory, { uuid, parent: missingParent });
    expect(planRefusal(inventory, planner)).toMatchObject({ code: 'InvalidState', details: { parent: missingParent } });
  });

  it('to start one whose parent a torn listing lacks: InvalidState', async () => {
    const inventory = await readInventory(hostOf([{}]));
    const torn = { ...inventory, parents: new Map() };
    expect(planRefusal(torn, () => planners.start(torn))).toMatchObject({ code: 'InvalidState' });
  });

  it('to start one of a type the parent does not have: NotFound', async () => {
    expect(await refusal(hostOf([{ type: 'i915-GVTg_V4_4' }]), planners.start)).toMatchObject({ code: 'NotFound' });
  });

  it('to start one on a full parent, and name who holds it: NoAvailableInstances', async () => {
    const holder = '11111111-2222-4333-8444-555555555555';
    const host = hostOf([{ type: 'i915-GVTg_V5_1' }, { uuid: holder, type: 'i915-GVTg_V5_1', active: true }]);
    expect(await refusal(host, planners.start)).toMatchObject({
      code: 'NoAvailableInstances',
      message: expect.stringContaining(`vGPU ${uuid} cannot be started`),
      details: { holders: [holder] },
    });
  });

  it('to start, autostart or define one that was stored with hostile attributes: InvalidState', async () => {
    const hostile = { attributes: [['/etc/victim', 'x'] as [string, string]] };
    for (const planner of [planners.start, planners.autostart]) {
      expect(await refusal(hostOf([hostile]), planner)).toMatchObject({
        code: 'InvalidState',
        details: { attribute: '/etc/victim' },
      });
    }
    const transient = hostOf([{ ...hostile, active: true, persistent: false }]);
    expect(await refusal(transient, planners.define)).toMatchObject({ code: 'InvalidState' });
  });

  it('to stop an inactive one: InvalidState', async () => {
    expect(await refusal(hostOf([{}]), planners.stop)).toMatchObject({ code: 'InvalidState' });
  });

  it('to stop or undefine what a running domain has, and name it: DeviceBusy', async () => {
    const host = hostOf([{ active: true }], [runningUser]);
    for (const planner of [planners.stop, planners.undefine]) {
      expect(await refusal(host, planner)).toMatchObject({ code: 'DeviceBusy', details: { domainName: 'desktop' } });
    }
  });

  it('to undefine what a stored domain needs, and name it: DeviceBusy', async () => {
    expect(await refusal(hostOf([{}], [storedUser]), planners.undefine)).toMatchObject({
      code: 'DeviceBusy',
      message: expect.stringMatching(/: unassign it first$/),
      details: { domainNames: ['desktop'] },
    });
  });

  it('to define a stored one: AlreadyExists', async () => {
    expect(await refusal(hostOf([{ active: true }]), planners.define)).toMatchObject({ code: 'AlreadyExists' });
  });

  it('to undefine or autostart a transient one: InvalidState', async () => {
    const host = hostOf([{ active: true, persistent: false }]);
    for (const planner of [planners.undefine, planners.autostart]) {
      expect(await refusal(host, planner)).toMatchObject({ code: 'InvalidState' });
    }
  });

  it("and show no terminal escapes of a domain's name", async () => {
    const host = hostOf([{ active: true }], [{ ...runningUser, name: 'a\u001b[31m\u202Eb' }]);
    const error = await refusal(host, planners.stop);
    expect(error?.message).toContain('a [31m b');
    expect(error?.details['domainName']).toBe('a [31m b');
  });
});

const create = (inventory: Inventory) => planCreateVgpu(inventory, { typeId, uuid }, () => uuid);

function unreadableHost(mdev: Partial<HostFileMdev>): InMemoryHost {
  const host = hostOf([mdev], [sampleDomain()]);
  host.behindItsBack(({ mdevs }) => {
    for (const [key, listed] of mdevs) mdevs.set(key, { ...listed, unreadable: true });
  });
  return host;
}

describe('an mdev that cannot be read', () => {
  it.each([
    ['start', {}],
    ['undefine', {}],
    ['autostart', {}],
    ['define', { active: true, persistent: false }],
  ] as const)('is not changed by us: %s is InvalidState, which names mdevctl', async (planner, mdev) => {
    const error = await refusal(unreadableHost(mdev), planners[planner]);
    expect(error).toMatchObject({
      code: 'InvalidState',
      details: { uuid },
      message: expect.stringContaining('mdevctl'),
    });
  });

  it('is not assigned', async () => {
    const host = unreadableHost({ active: true });
    expect(await refusal(host, planners.assign)).toMatchObject({ code: 'InvalidState' });
  });

  it('keeps its UUID, under every parent', async () => {
    expect(await refusal(unreadableHost({}), create)).toMatchObject({ code: 'AlreadyExists' });
    expect(await refusal(unreadableHost({ parent: missingParent }), create)).toMatchObject({ code: 'AlreadyExists' });
  });

  it('can be stopped, which nothing would undo', async () => {
    const host = unreadableHost({ active: true });
    expect(planStopVgpu(await readInventory(host), id).steps[0]?.compensation).toBeUndefined();
    expect((await run(host, planners.stop)).mdev).toMatchObject({ active: false });
  });
});
