// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.js';
import { parseMdevTypeId, parseParentName } from '../identity/device-names.js';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleHostFile, sampleMdev } from '../testing/samples.js';
import { planCreateVgpu } from './create-vgpu.js';
import { executePlan, type StepEvent } from './execute-plan.js';
import type { Plan } from './plan.js';
import { defineMdevStep, note, startMdevStep, undefineMdevStep } from './step.js';

const uuid = parseUuid(sampleMdev().uuid);
const parent = parseParentName('0000:00:02.0');
const typeId = parseMdevTypeId('i915-GVTg_V5_4');
const broken = new DeviceError('Unavailable', 'host is not reachable');
const lost = new DeviceError('TimedOut', 'host gave no answer');

async function transientPlan() {
  const host = new InMemoryHost(sampleHostFile());
  const plan = planCreateVgpu(await readInventory(host), { typeId, uuid, persistent: false }, () => uuid);
  return { host, plan, before: await host.nodeDevices.list() };
}

async function execute(plan: Plan, host: InMemoryHost) {
  const events: StepEvent[] = [];
  const error: unknown = await executePlan(plan, host, { onStep: (event) => events.push(event) }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return { error, events: events.map(({ step, status }) => `${step.id} ${status}`) };
}

describe('executePlan', () => {
  it('carries out all steps in order and tells about them; notes are passed over', async () => {
    const { host, plan } = await transientPlan();
    const noted = { steps: [note('note-vgpu-inactive', 'info', '', {}), ...plan.steps] };
    const { error, events } = await execute(noted, host);
    expect(error).toBeUndefined();
    expect(events).toEqual([
      'define-mdev running',
      'define-mdev done',
      'start-mdev running',
      'start-mdev done',
      'undefine-mdev running',
      'undefine-mdev done',
    ]);
  });

  it('begins no step that is refused, and undoes what was done before it', async () => {
    const { host, plan, before } = await transientPlan();
    const refuse = (id: string) => (step: { readonly id: string }) => (step.id === id ? broken : undefined);
    await expect(executePlan(plan, host, { refuseStep: refuse('define-mdev') })).rejects.toBe(broken);
    const later = executePlan(plan, host, { refuseStep: refuse('undefine-mdev') });
    await expect(later).rejects.toMatchObject({ code: 'RolledBack', details: { error: 'Unavailable' } });
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it("throws the first step's own error when nothing was done", async () => {
    const { host, plan, before } = await transientPlan();
    host.failNext('nodeDevices', 'define', broken);
    const { error, events } = await execute(plan, host);
    expect(error).toBe(broken);
    expect(events).toEqual(['define-mdev running', 'define-mdev failed']);
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it.each([
    ['start', 'start-mdev', ['define-mdev undone']],
    ['undefine', 'undefine-mdev', ['start-mdev undone', 'define-mdev undone']],
  ] as const)('undoes everything in reverse when %s fails', async (method, step, undone) => {
    const { host, plan, before } = await transientPlan();
    host.failNext('nodeDevices', method, broken);
    const { error, events } = await execute(plan, host);
    expect(error).toMatchObject({ code: 'RolledBack', details: { step, error: 'Unavailable' }, cause: broken });
    expect(events.slice(events.indexOf(`${step} failed`) + 1)).toEqual(undone);
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it.each([true, false])('undoes a step that timed out, whether it had happened (%s) or not', async (applied) => {
    for (const method of ['start', 'undefine'] as const) {
      const { host, plan, before } = await transientPlan();
      host.failNext('nodeDevices', method, lost, { applied });
      const { error } = await execute(plan, host);
      expect(await host.nodeDevices.list()).toEqual(before);
      expect(error).toMatchObject({ code: 'RolledBack', details: { error: 'TimedOut' } });
    }
  });

  it("names what it could not undo, with the failed step's code, and still undoes the rest", async () => {
    const { host, plan } = await transientPlan();
    host.failNext('nodeDevices', 'undefine', broken);
    host.failNext('nodeDevices', 'stop', new DeviceError('DeviceBusy', 'held'));
    const { error, events } = await execute(plan, host);
    expect(error).toMatchObject({
      code: 'Unavailable',
      details: { step: 'undefine-mdev', notUndone: ['start-mdev'] },
    });
    expect(events.slice(-2)).toEqual(['start-mdev undo-failed', 'define-mdev undone']);
    expect((await host.nodeDevices.list()).mdevs).toMatchObject([{ active: true, persistent: false }]);
  });

  it('names a done step that has no inverse', async () => {
    const { host } = await transientPlan();
    const definition = { uuid, parent, typeId, attributes: [] };
    const irrevocable = { ...defineMdevStep(definition), compensation: undefined };
    const { error } = await execute(
      { steps: [irrevocable, startMdevStep(definition), startMdevStep(definition)] },
      host,
    );
    expect(error).toMatchObject({ code: 'InvalidState', details: { step: 'start-mdev', notUndone: ['define-mdev'] } });
  });

  it('makes Internal with a fixed text of what is no DeviceError', async () => {
    const { host } = await transientPlan();
    const nodeDevices = { ...host.nodeDevices, undefine: () => Promise.reject(new Error('secret text')) } as never;
    const steps = [undefineMdevStep({ uuid, parent, typeId, attributes: [] })];
    const error = await executePlan({ steps }, { nodeDevices, domains: host.domains }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'Internal', message: 'an internal error occurred' });
  });

  it('has nothing to do for an empty plan', async () => {
    const { host } = await transientPlan();
    expect(await execute({ steps: [] }, host)).toEqual({ error: undefined, events: [] });
  });
});
