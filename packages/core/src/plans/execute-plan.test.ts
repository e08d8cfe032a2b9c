// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.js';
import { parseMdevTypeId, parseParentName } from '../identity/device-names.js';
import { parseUuid } from '../identity/uuid.js';
import { readInventory } from '../inventory/read-inventory.js';
import type { NodeDevicePort } from '../ports.js';
import { InMemoryHost } from '../testing/in-memory-host.js';
import { sampleHostFile, sampleMdev } from '../testing/samples.js';
import { planCreateVgpu } from './create-vgpu.js';
import { executePlan, type ExecutePlanOptions } from './execute-plan.js';
import type { Plan } from './plan.js';
import { defineMdevStep, note, setAutostartStep, startMdevStep, undefineMdevStep } from './step.js';

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

/** The error, and what was asked of the node devices in turn. */
async function execute(plan: Plan, host: InMemoryHost) {
  const calls: string[] = [];
  const nodeDevices = new Proxy(host.nodeDevices, {
    get(target, name: keyof NodeDevicePort) {
      return (...args: never[]) => {
        calls.push(name);
        return (target[name] as (...given: never[]) => Promise<void>).apply(target, args);
      };
    },
  });
  const error: unknown = await executePlan(plan, { nodeDevices, domains: host.domains }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return { error, calls };
}

/** What is told about every step, in turn. */
async function progressOf(plan: Plan, host: InMemoryHost, refused?: string): Promise<readonly string[]> {
  const told: string[] = [];
  await executePlan(plan, host, {
    refuseStep: (step) => (step.id === refused ? broken : undefined),
    onProgress: (step, progress) => told.push(`${step.id} ${progress}`),
  }).catch(() => undefined);
  return told;
}

describe('executePlan', () => {
  it('carries out all steps in order; notes are passed over', async () => {
    const { host, plan } = await transientPlan();
    const noted = { steps: [note('note-vgpu-inactive', 'info', '', {}), ...plan.steps] };
    expect(await execute(noted, host)).toEqual({ error: undefined, calls: ['define', 'start', 'undefine'] });
  });

  it('tells about every step before it is begun, begins none that is refused, and undoes what was done before it', async () => {
    const { host, plan, before } = await transientPlan();
    const told: string[] = [];
    const refuse = (id: string) => (step: { readonly id: string }) => {
      told.push(step.id);
      return step.id === id ? broken : undefined;
    };
    await expect(executePlan(plan, host, { refuseStep: refuse('define-mdev') })).rejects.toBe(broken);
    const later = executePlan(plan, host, { refuseStep: refuse('undefine-mdev') });
    await expect(later).rejects.toMatchObject({ code: 'RolledBack', details: { error: 'Unavailable' } });
    expect(told).toEqual(['define-mdev', 'define-mdev', 'start-mdev', 'undefine-mdev']);
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it("throws the first step's own error when nothing was done", async () => {
    const { host, plan, before } = await transientPlan();
    host.failNext('nodeDevices', 'define', broken);
    expect(await execute(plan, host)).toEqual({ error: broken, calls: ['define'] });
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it.each([
    ['start', 'start-mdev', ['undefine']],
    ['undefine', 'undefine-mdev', ['stop', 'undefine']],
  ] as const)('undoes everything in reverse when %s fails', async (method, step, undone) => {
    const { host, plan, before } = await transientPlan();
    host.failNext('nodeDevices', method, broken);
    const { error, calls } = await execute(plan, host);
    expect(error).toMatchObject({
      code: 'RolledBack',
      message: expect.stringMatching(`^${broken.message}`),
      details: { step, error: 'Unavailable' },
      cause: broken,
    });
    expect(calls.slice(calls.indexOf(method) + 1)).toEqual(undone);
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it.each(['define', 'start', 'undefine'] as const)(
    'undoes %s that timed out and had happened: TimedOut, and nothing is left',
    async (method) => {
      const { host, plan, before } = await transientPlan();
      host.failNext('nodeDevices', method, lost, { applied: true });
      const { error } = await execute(plan, host);
      expect(await host.nodeDevices.list()).toEqual(before);
      expect(error).toMatchObject({ code: 'TimedOut' });
      expect((error as DeviceError).details).not.toHaveProperty('mayStillHappen');
      expect((error as DeviceError).details).not.toHaveProperty('notUndone');
    },
  );

  it.each([
    ['define', 'define-mdev'],
    ['start', 'start-mdev'],
    ['undefine', 'undefine-mdev'],
  ] as const)('says that %s, which timed out and has not happened yet, still may', async (method, step) => {
    const { host, plan, before } = await transientPlan();
    host.failNext('nodeDevices', method, lost);
    const { error } = await execute(plan, host);
    expect(await host.nodeDevices.list()).toEqual(before);
    expect(error).toMatchObject({
      code: 'TimedOut',
      message: expect.stringContaining('may still happen'),
      details: { step, mayStillHappen: [step] },
      cause: lost,
    });
  });

  it('names a first step that timed out and could not be undone', async () => {
    const { host, plan } = await transientPlan();
    host.failNext('nodeDevices', 'define', lost, { applied: true });
    host.failNext('nodeDevices', 'undefine', broken);
    const { error } = await execute(plan, host);
    expect(error).toMatchObject({ code: 'TimedOut', details: { notUndone: ['define-mdev'] } });
  });

  it('says so too of autostart, whose opposite is never refused', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]));
    const id = { uuid, parent };
    host.failNext('nodeDevices', 'setAutostart', lost);
    const { error } = await execute({ steps: [startMdevStep(id), setAutostartStep(id, true)] }, host);
    expect(error).toMatchObject({ code: 'TimedOut', details: { mayStillHappen: ['set-autostart'] } });
  });

  it('and of a step without an inverse', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]));
    const id = { uuid, parent };
    host.failNext('nodeDevices', 'setAutostart', lost);
    const last = { ...setAutostartStep(id, true), compensation: undefined };
    const { error, calls } = await execute({ steps: [startMdevStep(id), last] }, host);
    expect(error).toMatchObject({ code: 'TimedOut', details: { mayStillHappen: ['set-autostart'] } });
    expect(calls).toEqual(['start', 'setAutostart', 'stop']);
  });

  it('leaves a step that timed out alone when it is the only one', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]));
    host.failNext('nodeDevices', 'start', lost);
    expect(await execute({ steps: [startMdevStep({ uuid, parent })] }, host)).toEqual({
      error: lost,
      calls: ['start'],
    });
  });

  it("names what it could not undo, with the failed step's code, and still undoes the rest", async () => {
    const { host, plan } = await transientPlan();
    host.failNext('nodeDevices', 'undefine', broken);
    host.failNext('nodeDevices', 'stop', new DeviceError('DeviceBusy', 'held'));
    const { error, calls } = await execute(plan, host);
    expect(error).toMatchObject({
      code: 'Unavailable',
      details: { step: 'undefine-mdev', notUndone: ['start-mdev'] },
    });
    expect(calls.slice(-2)).toEqual(['stop', 'undefine']);
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

  describe('tells how far every step has come', () => {
    it('when all is done', async () => {
      const { host, plan } = await transientPlan();
      const all = ['define-mdev', 'start-mdev', 'undefine-mdev'];
      expect(await progressOf(plan, host)).toEqual(all.flatMap((id) => [`${id} running`, `${id} done`]));
    });

    it('when one fails, and when what was done cannot be undone', async () => {
      const { host, plan } = await transientPlan();
      host.failNext('nodeDevices', 'undefine', broken);
      host.failNext('nodeDevices', 'stop', broken);
      expect((await progressOf(plan, host)).slice(4)).toEqual([
        'undefine-mdev running',
        'undefine-mdev failed',
        'start-mdev left',
        'define-mdev undone',
      ]);
    });

    it('and with what error it failed or timed out, of no other step', async () => {
      for (const error of [broken, lost]) {
        const { host, plan } = await transientPlan();
        host.failNext('nodeDevices', 'start', error);
        const told: unknown[] = [];
        const onProgress: ExecutePlanOptions['onProgress'] = (step, _progress, cause) => {
          if (cause !== undefined) told.push([step.id, cause]);
        };
        await executePlan(plan, host, { onProgress }).catch(() => undefined);
        expect(told).toEqual([['start-mdev', error]]);
      }
    });

    it('when one is refused, which is not begun', async () => {
      const { host, plan } = await transientPlan();
      expect((await progressOf(plan, host, 'start-mdev')).slice(2)).toEqual(['define-mdev undone']);
    });

    it.each([
      [true, ['start-mdev uncertain', 'start-mdev undone', 'define-mdev undone']],
      [false, ['start-mdev uncertain', 'define-mdev undone']],
    ])('when one times out that had happened: %s', async (applied, told) => {
      const { host, plan } = await transientPlan();
      host.failNext('nodeDevices', 'start', lost, { applied });
      expect((await progressOf(plan, host)).slice(3)).toEqual(told);
    });

    it('when the only one times out', async () => {
      const host = new InMemoryHost(sampleHostFile([sampleMdev()]));
      host.failNext('nodeDevices', 'start', lost);
      const plan = { steps: [startMdevStep({ uuid, parent })] };
      expect(await progressOf(plan, host)).toEqual(['start-mdev running', 'start-mdev uncertain']);
    });
  });

  it('has nothing to do for an empty plan', async () => {
    const { host } = await transientPlan();
    expect(await execute({ steps: [] }, host)).toEqual({ error: undefined, calls: [] });
  });
});
