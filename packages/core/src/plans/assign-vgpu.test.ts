// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseParentName } from '../identity/device-names.js';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { HostFileMdev } from '../testing/host-file.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import {
  sampleDevices,
  sampleDomain,
  sampleHostdev,
  sampleHostFile,
  sampleMdev,
  sampleVideo,
} from '../testing/samples.js';
import { planAssignVgpu } from './assign-vgpu.js';
import { executePlan } from './execute-plan.js';
import { planRefusal } from './plan-refusal.test-helper.js';
import type { Plan } from './plan.js';
import { previewPlan } from './preview-plan.js';
import { planUnassignVgpu } from './unassign-vgpu.js';

const uuid = parseUuid(sampleMdev().uuid);
const second = parseUuid('11111111-2222-4333-8444-555555555555');
const otherDomain = parseUuid('99999999-2222-4333-8444-555555555555');
const id = { uuid, parent: parseParentName('0000:00:02.0') };
const domain = sampleDomain();
const assigned = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
const none = { model: 'none', primary: false, heads: undefined, vramKiB: undefined };

function hostOf(
  domains: readonly Domain[],
  mdevs: readonly Partial<HostFileMdev>[] = [{ active: true }],
): InMemoryHost {
  return new InMemoryHost(sampleHostFile(mdevs.map(sampleMdev)), { domains });
}

const assign = (inventory: Inventory) => planAssignVgpu(inventory, id, domain.uuid);
const unassign = (inventory: Inventory) => planUnassignVgpu(inventory, id, domain.uuid);

async function run(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const plan = planner(await readInventory(host));
  await executePlan(plan, host);
  const changed = (await readInventory(host)).domains.get(domain.uuid);
  return { steps: plan.steps.map((step) => step.id), changed };
}

async function refusal(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const inventory = await readInventory(host);
  return planRefusal(inventory, () => planner(inventory));
}

describe('planAssignVgpu', () => {
  it("adds the page's hostdev, leaves one video of model none, and remembers the others", async () => {
    const { steps, changed } = await run(hostOf([domain]), assign);
    expect(steps).toEqual(['assign-mdev', 'note-videos-removed']);
    expect(changed?.inactive?.hostdevs).toEqual([
      { kind: 'mdev', uuid, model: 'vfio-pci', display: false, ramfb: false },
    ]);
    expect(changed?.inactive?.videos).toEqual([none]);
    expect(changed?.rememberedVideos).toEqual([sampleVideo]);
  });

  it('is shown by its diff, which changes nothing', async () => {
    const host = hostOf([domain]);
    const diff = await previewPlan(assign(await readInventory(host)), host.domains);
    expect(diff).toMatch(new RegExp(`^\\+.*${uuid}`, 'm'));
    expect(diff).toMatch(/^- .*virtio/m);
    expect(await host.domains.list()).toEqual([domain]);
  });

  it('forgets nothing of several videos', async () => {
    const videos = [sampleVideo, { ...sampleVideo, model: 'qxl', primary: false, vramKiB: 65536 }];
    const { changed } = await run(hostOf([sampleDomain({ inactive: sampleDevices({ videos }) })]), assign);
    expect(changed?.inactive?.videos).toEqual([none]);
    expect(changed?.rememberedVideos).toEqual(videos);
  });

  it('keeps what an earlier assignment remembers when it adds a second vGPU', async () => {
    const host = hostOf([domain], [{ active: true }, { uuid: second, active: true }]);
    await run(host, assign);
    const { steps, changed } = await run(host, (inventory) =>
      planAssignVgpu(inventory, { ...id, uuid: second }, domain.uuid),
    );
    expect(steps).toEqual(['assign-mdev']);
    expect(changed?.inactive?.hostdevs).toHaveLength(2);
    expect(changed?.rememberedVideos).toEqual([sampleVideo]);
  });

  it('gives a domain without any video the none that libvirt would else replace', async () => {
    const headless = sampleDomain({ inactive: sampleDevices({ videos: [] }) });
    const { steps, changed } = await run(hostOf([headless]), assign);
    expect(steps).toEqual(['assign-mdev']);
    expect(changed?.inactive?.videos).toEqual([none]);
    expect(changed?.rememberedVideos).toEqual([]);
  });

  it('says that a running domain gets it at its next start', async () => {
    const running = sampleDomain({ state: 'running', active: sampleDevices() });
    const { steps, changed } = await run(hostOf([running]), assign);
    expect(steps).toContain('note-next-start');
    expect(changed?.active).toEqual(sampleDevices());
  });

  it('warns of an inactive and of a transient vGPU', async () => {
    expect((await run(hostOf([domain], [{}]), assign)).steps).toContain('note-vgpu-inactive');
    const transient = hostOf([domain], [{ active: true, persistent: false }]);
    expect((await run(transient, assign)).steps).toContain('note-vgpu-transient');
  });

  it('says instead that its parent is missing, without which the domain cannot start', async () => {
    const gone = { ...id, parent: parseParentName('0000:99:00.0') };
    const inventory = await readInventory(hostOf([domain], [{ parent: gone.parent }]));
    const { steps } = planAssignVgpu(inventory, gone, domain.uuid);
    expect(steps.map((step) => step.id)).not.toContain('note-vgpu-inactive');
    expect(steps).toContainEqual(
      expect.objectContaining({
        id: 'note-parent-missing',
        severity: 'warning',
        args: { uuid, parent: gone.parent, domain: domain.uuid, domainName: 'desktop' },
        message: expect.stringContaining('desktop cannot start until'),
      }),
    );
  });

  it('warns when another stored domain has the vGPU too', async () => {
    const other = sampleDomain({ uuid: otherDomain, name: 'other', inactive: assigned });
    const inventory = await readInventory(hostOf([domain, other]));
    expect(assign(inventory).steps).toContainEqual(
      expect.objectContaining({
        id: 'note-also-assigned',
        severity: 'warning',
        args: { uuid, domains: [otherDomain], domainNames: ['other'] },
      }),
    );
  });

  it('is undone by its compensation', async () => {
    const host = hostOf([domain]);
    const [step] = assign(await readInventory(host)).steps;
    await executePlan({ steps: step === undefined ? [] : [step] }, host);
    expect(await host.domains.list()).not.toEqual([domain]);
    const undo = step?.compensation;
    await executePlan({ steps: step === undefined ? [] : [{ ...step, action: undo }] }, host);
    expect(await host.domains.list()).toEqual([domain]);
  });
});

describe('planUnassignVgpu', () => {
  it('brings the domain back as it was', async () => {
    const host = hostOf([domain]);
    await run(host, assign);
    const { steps, changed } = await run(host, unassign);
    expect(steps).toEqual(['unassign-mdev', 'note-videos-restored']);
    expect(changed).toEqual(domain);
  });

  it('leaves a domain that had no video without one', async () => {
    const headless = sampleDomain({ inactive: sampleDevices({ videos: [] }) });
    const host = hostOf([headless]);
    await run(host, assign);
    const { steps, changed } = await run(host, unassign);
    expect(steps).toEqual(['unassign-mdev', 'note-videos-restored']);
    expect(changed).toEqual({ ...headless, rememberedVideos: undefined });
  });

  it('brings the videos back with the last vGPU only', async () => {
    const host = hostOf([domain], [{ active: true }, { uuid: second, active: true }]);
    await run(host, assign);
    await run(host, (inventory) => planAssignVgpu(inventory, { ...id, uuid: second }, domain.uuid));
    const first = await run(host, unassign);
    expect(first.steps).toEqual(['unassign-mdev']);
    expect(first.changed?.inactive?.videos).toEqual([none]);
    const last = await run(host, (inventory) => planUnassignVgpu(inventory, { uuid: second }, domain.uuid));
    expect(last.changed).toEqual(domain);
  });

  it('leaves the videos when told so, and still remembers them', async () => {
    const host = hostOf([domain]);
    await run(host, assign);
    const { steps, changed } = await run(host, (inventory) =>
      planUnassignVgpu(inventory, id, domain.uuid, { restoreVideo: false }),
    );
    expect(steps).toEqual(['unassign-mdev', 'note-videos-not-restored']);
    expect(changed?.inactive?.videos).toEqual([none]);
    expect(changed?.rememberedVideos).toEqual([sampleVideo]);
  });

  it('says so only of a domain that is left without a picture', async () => {
    const leave = (inventory: Inventory) => planUnassignVgpu(inventory, id, domain.uuid, { restoreVideo: false });
    const noteOf = async (host: InMemoryHost) => leave(await readInventory(host)).steps.slice(1);
    const hostdevs = [...assigned.hostdevs, sampleHostdev(second)];
    const withAnother = sampleDomain({ inactive: sampleDevices({ hostdevs, videos: [none] }) });
    expect(await noteOf(hostOf([withAnother]))).toEqual([]);
    expect(await noteOf(hostOf([sampleDomain({ inactive: assigned })]))).toEqual([]);
    const dark = sampleDevices({ hostdevs: assigned.hostdevs, videos: [none] });
    expect(await noteOf(hostOf([sampleDomain({ inactive: dark })]))).toMatchObject([{ args: { models: [] } }]);
    expect(await noteOf(hostOf([sampleDomain({ inactive: dark, rememberedVideos: [sampleVideo] })]))).toMatchObject([
      { severity: 'info', args: { domain: domain.uuid, domainName: 'desktop', models: ['virtio'] } },
    ]);
  });

  it('leaves videos that took the place of the removed ones, and forgets those', async () => {
    const vga = { ...sampleVideo, model: 'vga' };
    const inactive = sampleDevices({ hostdevs: assigned.hostdevs, videos: [vga] });
    const { steps, changed } = await run(
      hostOf([sampleDomain({ inactive, rememberedVideos: [sampleVideo] })]),
      unassign,
    );
    expect(steps).toEqual(['unassign-mdev', 'note-videos-kept']);
    expect(changed?.inactive?.videos).toEqual([vga]);
    expect(changed?.rememberedVideos).toBeUndefined();
  });

  it('works for a hostdev whose vGPU is gone, and says when no video can come back', async () => {
    const inactive = sampleDevices({ hostdevs: assigned.hostdevs, videos: [none] });
    const { steps, changed } = await run(hostOf([sampleDomain({ inactive })], []), unassign);
    expect(steps).toEqual(['unassign-mdev', 'note-videos-kept']);
    expect(changed?.inactive?.hostdevs).toEqual([]);
  });

  it('is undone by its compensation', async () => {
    const inactive = sampleDevices({ hostdevs: assigned.hostdevs, videos: [none] });
    for (const rememberedVideos of [[sampleVideo], undefined]) {
      const before = sampleDomain({ inactive, rememberedVideos });
      const host = hostOf([before]);
      const [step] = unassign(await readInventory(host)).steps;
      await executePlan({ steps: step === undefined ? [] : [step] }, host);
      expect(await host.domains.list()).not.toEqual([before]);
      const undo = step?.compensation;
      await executePlan({ steps: step === undefined ? [] : [{ ...step, action: undo }] }, host);
      expect(await host.domains.list()).toEqual([before]);
    }
  });
});

describe('assign and unassign refuse', () => {
  it('an unknown vGPU to assign: NotFound', async () => {
    expect(await refusal(hostOf([domain], []), assign)).toMatchObject({ code: 'NotFound' });
  });

  it.each([
    ['assign', assign],
    ['unassign', unassign],
  ])('to %s with an unknown domain: NotFound', async (_verb, planner) => {
    expect(await refusal(hostOf([]), planner)).toMatchObject({ code: 'NotFound', details: { domain: domain.uuid } });
  });

  it.each([
    ['assign', assign],
    ['unassign', unassign],
  ])('to %s with a transient domain: InvalidState', async (_verb, planner) => {
    const transient = sampleDomain({ persistent: false, inactive: undefined, active: assigned, state: 'running' });
    const host = hostOf([transient]);
    expect(await refusal(host, planner)).toMatchObject({ code: 'InvalidState' });
  });

  it.each([
    ['assign', assign, sampleDevices()],
    ['unassign', unassign, assigned],
  ])('to %s while a saved state exists: InvalidState', async (_verb, planner, inactive) => {
    const saved = sampleDomain({ hasManagedSave: true, inactive });
    expect(await refusal(hostOf([saved]), planner)).toMatchObject({
      code: 'InvalidState',
      message: expect.stringContaining('start it, or remove the saved state'),
    });
  });

  it.each([
    ['assign', assign],
    ['unassign', unassign],
  ])('to %s with a domain that cannot be read: InvalidState', async (_verb, planner) => {
    const unreadable = sampleDomain({ unreadable: true, inactive: undefined });
    const error = await refusal(hostOf([unreadable]), planner);
    expect(error).toMatchObject({ code: 'InvalidState', message: expect.stringContaining('cannot be read') });
  });

  it('what is assigned already: AlreadyExists', async () => {
    expect(await refusal(hostOf([sampleDomain({ inactive: assigned })]), assign)).toMatchObject({
      code: 'AlreadyExists',
    });
  });

  it('what another running domain has, and name it: DeviceBusy', async () => {
    const other = sampleDomain({ uuid: otherDomain, name: 'other', state: 'running', active: assigned });
    expect(await refusal(hostOf([domain, other]), assign)).toMatchObject({
      code: 'DeviceBusy',
      details: { domain: otherDomain, domainName: 'other' },
    });
  });

  it('a UUID two parents have: Ambiguous', async () => {
    const host = hostOf([domain], [{}, { parent: '0000:99:00.0' }]);
    expect(await refusal(host, assign)).toMatchObject({ code: 'Ambiguous' });
  });

  it('a type that is not for vfio-pci: NotSupported', async () => {
    const types = [{ id: 'i915-GVTg_V5_4', deviceApi: 'vfio-ap' as const, maxInstances: 1 }] as const;
    const file = sampleHostFile([sampleMdev()]);
    const parents = [
      { name: id.parent, capacity: { model: 'time-sliced' as const, homogeneous: false, types: [...types] } },
    ];
    const host = new InMemoryHost({ ...file, parents: parents as never }, { domains: [domain] });
    expect(await refusal(host, assign)).toMatchObject({ code: 'NotSupported', details: { deviceApi: 'vfio-ap' } });
  });

  it('to unassign what is not assigned: NotFound', async () => {
    expect(await refusal(hostOf([domain]), unassign)).toMatchObject({ code: 'NotFound', details: { uuid } });
  });

  it('a domain with a video device that could not be brought back, and names what: NotSupported', async () => {
    const videos = [sampleVideo, { ...sampleVideo, unsupported: ['model/acceleration@rendernode'] }];
    const host = hostOf([sampleDomain({ inactive: sampleDevices({ videos }) })]);
    expect(await refusal(host, assign)).toMatchObject({
      code: 'NotSupported',
      message: expect.stringContaining('model/acceleration@rendernode'),
      details: { domain: domain.uuid, elements: ['model/acceleration@rendernode'] },
    });
  });

  it('a domain whose video was set differently since the plan was made: InvalidState', async () => {
    const host = hostOf([domain]);
    const plan = assign(await readInventory(host));
    const changed = sampleDomain({ inactive: sampleDevices({ videos: [{ ...sampleVideo, accel3d: true }] }) });
    host.behindItsBack(({ domains }) => domains.set(domain.uuid, changed));
    await expect(executePlan(plan, host)).rejects.toMatchObject({ code: 'InvalidState' });
  });

  it('a domain that was changed since the plan was made: InvalidState, nothing is changed', async () => {
    const host = hostOf([domain]);
    const plan = assign(await readInventory(host));
    const changed = sampleDomain({
      inactive: sampleDevices({ videos: [sampleVideo, { ...sampleVideo, model: 'qxl' }] }),
    });
    host.behindItsBack(({ domains }) => domains.set(domain.uuid, changed));
    await expect(executePlan(plan, host)).rejects.toMatchObject({ code: 'InvalidState' });
    expect(await host.domains.list()).toEqual([changed]);
  });

  it('a domain that went away since the plan was made: NotFound', async () => {
    const host = hostOf([domain]);
    const plan = assign(await readInventory(host));
    host.behindItsBack(({ domains }) => domains.delete(domain.uuid));
    await expect(executePlan(plan, host)).rejects.toMatchObject({ code: 'NotFound' });
  });
});
