// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import type { Domain } from '../model/domain.js';
import type { Inventory } from '../model/inventory.js';
import type { HostFileMdev } from '../testing/host-file.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleDevices, sampleDomain, sampleHostdev, sampleHostFile, sampleMdev } from '../testing/samples.js';
import { planForceOffDomain, planShutdownDomain, planStartDomain } from './domain-power.js';
import { executePlan } from './execute-plan.js';
import { planRefusal } from './plan-refusal.test-helper.js';
import type { Plan } from './plan.js';

const uuid = parseUuid(sampleMdev().uuid);
const otherDomain = parseUuid('99999999-2222-4333-8444-555555555555');
const withHostdev = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
const domain = sampleDomain({ inactive: withHostdev });
const running = sampleDomain({ state: 'running', active: sampleDevices() });

function hostOf(
  domains: readonly Domain[],
  mdevs: readonly Partial<HostFileMdev>[] = [{ active: true }],
): InMemoryHost {
  return new InMemoryHost(sampleHostFile(mdevs.map(sampleMdev)), { domains });
}

const start = (inventory: Inventory) => planStartDomain(inventory, domain.uuid);
const shutdown = (inventory: Inventory) => planShutdownDomain(inventory, domain.uuid);
const forceOff = (inventory: Inventory) => planForceOffDomain(inventory, domain.uuid);

async function run(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const plan = planner(await readInventory(host));
  await executePlan(plan, host);
  const after = await readInventory(host);
  return {
    steps: plan.steps.map((step) => step.id),
    domain: after.domains.get(domain.uuid),
    vgpus: [...after.vgpus.values()],
  };
}

async function refusal(host: InMemoryHost, planner: (inventory: Inventory) => Plan) {
  const inventory = await readInventory(host);
  return planRefusal(inventory, () => planner(inventory));
}

describe("plans of a domain's power", () => {
  it('start it with its active vGPU and give it a terminal', async () => {
    const result = await run(hostOf([domain]), start);
    expect(result.steps).toEqual(['start-domain']);
    expect(result.domain).toMatchObject({ state: 'running', active: { hostdevs: withHostdev.hostdevs } });
    expect(result.domain?.active?.console?.path).toMatch(/^\/dev\/pts\/\d+$/);
  });

  it('start its inactive vGPU before it', async () => {
    const result = await run(hostOf([domain], [{}]), start);
    expect(result.steps).toEqual(['start-mdev', 'start-domain']);
    expect(result.vgpus).toMatchObject([{ active: true }]);
  });

  it('go on from a saved state without asking for the vGPUs of the stored definition', async () => {
    const saved = { ...domain, hasManagedSave: true };
    for (const mdevs of [[{}], []]) {
      const result = await run(hostOf([saved], mdevs), start);
      expect(result.steps).toEqual(['start-domain', 'note-saved-state']);
      expect(result.domain).toMatchObject({ state: 'running', active: { hostdevs: [] }, hasManagedSave: false });
      expect(result.vgpus.filter((vgpu) => vgpu.backing === 'mdev' && vgpu.active)).toEqual([]);
    }
  });

  it('stop that vGPU again when the domain does not start', async () => {
    const host = hostOf([domain], [{}]);
    const before = await host.nodeDevices.list();
    const plan = start(await readInventory(host));
    host.behindItsBack(({ domains }) => domains.set(domain.uuid, { ...domain, active: sampleDevices() }));
    await expect(executePlan(plan, host)).rejects.toMatchObject({
      code: 'RolledBack',
      details: { step: 'start-domain', error: 'InvalidState' },
    });
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it('shut it down and force it off', async () => {
    for (const planner of [shutdown, forceOff]) {
      const result = await run(hostOf([running]), planner);
      expect(result.steps).toHaveLength(1);
      expect(result.domain).toMatchObject({ state: 'shut-off', active: undefined });
    }
  });
});

describe("plans of a domain's power refuse", () => {
  it.each([
    ['start', start],
    ['shutdown', shutdown],
    ['force-off', forceOff],
  ])('to %s an unknown domain: NotFound', async (_verb, planner) => {
    expect(await refusal(hostOf([]), planner)).toMatchObject({ code: 'NotFound' });
  });

  it('to start a running one: InvalidState', async () => {
    expect(await refusal(hostOf([running]), start)).toMatchObject({ code: 'InvalidState' });
  });

  it('to end one that does not run: InvalidState', async () => {
    expect(await refusal(hostOf([domain]), shutdown)).toMatchObject({ code: 'InvalidState' });
    expect(await refusal(hostOf([domain]), forceOff)).toMatchObject({ code: 'InvalidState' });
  });

  it('to start one whose vGPU another running domain has, and name that: DeviceBusy', async () => {
    const other = sampleDomain({ uuid: otherDomain, name: 'other', state: 'running', active: withHostdev });
    expect(await refusal(hostOf([domain, other]), start)).toMatchObject({
      code: 'DeviceBusy',
      message: expect.stringContaining('domain desktop cannot start'),
      details: { domainName: 'other' },
    });
  });

  it('to start one whose vGPU does not exist: NotFound', async () => {
    expect(await refusal(hostOf([domain], []), start)).toMatchObject({
      code: 'NotFound',
      message: expect.stringMatching(/: unassign it$/),
      details: { uuid },
    });
  });

  it('to start one whose vGPU cannot be started, with that reason', async () => {
    const missing = [{ parent: '0000:99:00.0' }];
    const hostile = [{ attributes: [['/etc/victim', 'x'] as [string, string]] }];
    const holder = { uuid: '11111111-2222-4333-8444-555555555555', type: 'i915-GVTg_V5_1', active: true };
    const full = [{ type: 'i915-GVTg_V5_1' }, holder];
    const twins = [{}, { parent: '0000:99:00.0' }];
    expect(await refusal(hostOf([domain], missing), start)).toMatchObject({ code: 'InvalidState' });
    expect(await refusal(hostOf([domain], hostile), start)).toMatchObject({ code: 'InvalidState' });
    expect(await refusal(hostOf([domain], full), start)).toMatchObject({
      code: 'NoAvailableInstances',
      message: expect.stringMatching(
        `^domain desktop cannot start: vGPU ${uuid} cannot be started: ${'0000:00:02.0'} `,
      ),
      details: { uuid, holders: [holder.uuid] },
    });
    expect(await refusal(hostOf([domain], twins), start)).toMatchObject({ code: 'Ambiguous' });
  });
});
