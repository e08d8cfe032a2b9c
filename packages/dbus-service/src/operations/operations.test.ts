// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { diffObjects, type Signal } from '../host/diff.js';
import { typedInterfaces } from '../host/properties.js';
import type { PublishedObjects } from '../host/published.js';
import { create, domainCall, Gate, outcome, startSlow } from '../testing/calls.js';
import { gpuPath, makeHost, vgpuPath, vgpuUuid } from '../testing/hosts.js';
import { cancel, operations, otherUuid, states, stepsOf } from '../testing/operations.js';
import { settle, startService } from '../testing/service.js';
import { operationLifetimeMs } from './operations.js';
import { dialogShownAfterMs } from './operation.js';

const name = 'me.phyllo.Vgpu1.Operation';
const failure = (code: string) => expect.objectContaining({ code });
describe('an operation', () => {
  it('is there while the change is made, says how far it is, and is done before the answer', async () => {
    const { service, gate, clock } = await startSlow();
    clock.advance(5);
    const made = service.callMethod(create(vgpuUuid));
    await settle();
    expect(operations(service)).toMatchObject([
      {
        Kind: 'Gpu.CreateVgpu',
        Target: gpuPath,
        CallerUid: 1000,
        State: 'running',
        ErrorName: '',
        StartedUsec: 5000n,
      },
    ]);
    expect(operations(service)[0]?.Id).toMatch(/^[0-9a-f-]{36}$/);
    expect(stepsOf(service, 0)).toEqual(['define-mdev running', 'start-mdev pending']);
    gate.open();
    await made;
    expect(states(service)).toEqual(['done']);
    expect(stepsOf(service, 0)).toEqual(['define-mdev done', 'start-mdev done']);
  });

  it('ends with its error, and says what was undone', async () => {
    const host = makeHost();
    const { service, log } = await startService(host);
    host.failNext('nodeDevices', 'start', new DeviceError('Internal', 'text of libvirt'));
    await outcome(service.callMethod(create(vgpuUuid)));
    const [operation] = operations(service);
    expect(operation).toMatchObject({ State: 'rolled-back', ErrorName: 'me.phyllo.Vgpu1.Error.RolledBack' });
    expect(stepsOf(service, 0)).toEqual(['define-mdev undone', 'start-mdev failed']);
    // The same id as in the answer: one line in the log.
    expect(operation?.ErrorMessage).toMatch(/could not be started.*\[[0-9a-f]{4}\]/);
    expect(log.lines.filter((line) => line.includes('could not be started'))).toHaveLength(1);
  });

  it('names the error of the step that failed, and of no other', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    for (const code of ['NoAvailableInstances', 'Internal', 'TimedOut'] as const) {
      host.failNext('nodeDevices', 'start', new DeviceError(code, 'x'));
      await outcome(service.callMethod(create(vgpuUuid)));
      const errors = operations(service)
        .at(-1)
        ?.Steps.map((step) => step['error_name']);
      expect(errors).toEqual([undefined, { signature: 's', value: `me.phyllo.Vgpu1.Error.${code}` }]);
    }
  });

  it('fails where the plan is refused', async () => {
    const { service } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid));
    await expect(service.callMethod(create(vgpuUuid))).rejects.toThrow(failure('AlreadyExists'));
    expect(states(service)).toEqual(['done', 'failed']);
  });

  it('completes with a signal, after everything it changed', async () => {
    const { service, signals } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid));
    await outcome(service.callMethod(create(vgpuUuid)));
    const completed = signals.filter(({ member }) => member === 'Completed');
    expect(completed.map(({ interface: of, body }) => [of, body.values[0], body.values[1] !== ''])).toEqual([
      [name, true, false],
      [name, false, true],
    ]);
    const last = signals.findIndex(({ member }) => member === 'Completed');
    const made = signals.findIndex(({ member, body }) => member === 'InterfacesAdded' && body.values[0] === vgpuPath);
    expect(made).toBeGreaterThanOrEqual(0);
    expect(made).toBeLessThan(last);
    expect(signals[last - 1]).toMatchObject({ member: 'PropertiesChanged', path: signals[last]?.path });
  });

  it('is not there for a call that is refused at once', async () => {
    const { service, authorizer, signals } = await startService(makeHost());
    for (const decision of ['denied', 'challenge'] as const) {
      authorizer.decision = decision;
      await outcome(service.callMethod(create(vgpuUuid)));
    }
    await outcome(service.callMethod(create('no-uuid')));
    await outcome(service.callMethod(create(vgpuUuid, ':1.0')));
    expect(operations(service)).toEqual([]);
    expect(signals).toEqual([]);
  });

  it('is not seen where polkit answers at once, however often somebody asks', async () => {
    const { service, authorizer, signals, clock } = await startService(makeHost());
    authorizer.dialog = true;
    authorizer.decision = 'denied';
    for (let index = 0; index < 3; index += 1) {
      expect(await outcome(service.callMethod(create(vgpuUuid)))).toEqual(failure('NotAuthorized'));
    }
    clock.advance(dialogShownAfterMs);
    await settle();
    expect(operations(service)).toEqual([]);
    expect(signals).toEqual([]);
  });

  it('waits for the password, and fails where it does not come', async () => {
    const { service, authorizer, clock } = await startService(makeHost());
    const gate = new Gate();
    authorizer.dialog = true;
    authorizer.decision = 'denied';
    authorizer.meanwhile = () => gate.pass();
    const refused = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    clock.advance(dialogShownAfterMs);
    await settle();
    expect(states(service)).toEqual(['waiting-for-authorization']);
    gate.open();
    expect(await refused).toEqual(failure('NotAuthorized'));
    expect(operations(service)).toMatchObject([
      { State: 'failed', ErrorName: 'me.phyllo.Vgpu1.Error.NotAuthorized', Steps: [] },
    ]);
  });

  it('is forgotten 10 minutes after its end, whatever the host’s clock is set to meanwhile', async () => {
    const { service, clock } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid));
    clock.wallOffsetMs = operationLifetimeMs * -2;
    clock.advance(operationLifetimeMs - 1);
    await settle();
    expect(operations(service)).toHaveLength(1);
    clock.advance(1);
    await settle();
    expect(operations(service)).toEqual([]);
  });
});

/** What a listener makes of the objects that it was given. */
function apply(objects: Map<string, Record<string, unknown>>, { path, member, body }: Signal): void {
  const [first, second] = body.values as [string, Record<string, unknown>];
  if (member === 'InterfacesAdded') objects.set(first, { ...objects.get(first), ...second });
  if (member === 'InterfacesRemoved') objects.delete(first);
  if (member !== 'PropertiesChanged') return;
  const old = objects.get(path);
  objects.set(path, { ...old, [first]: { ...(old?.[first] as object), ...second } });
}

const copy = (objects: PublishedObjects) =>
  new Map([...objects].map(([path, object]) => [path, typedInterfaces(object) as Record<string, unknown>]));

describe('signals', () => {
  it('turn the first copy into the last, whatever happens to operations', async () => {
    const { service, gate, signals, clock, leave } = await startSlow();
    const objects = copy(service.objects());
    const manager = objects.get('/me/phyllo/Vgpu1/manager');
    const first = service.callMethod(create(vgpuUuid));
    const second = outcome(service.callMethod(create(otherUuid, ':1.10')));
    const third = outcome(service.callMethod(create(otherUuid, ':1.2000')));
    await settle();
    leave(':1.10');
    await service.callMethod(cancel(operations(service)[2]?.path ?? '', ':1.2000'));
    gate.open();
    await Promise.all([first, second, third]);
    clock.advance(operationLifetimeMs);
    await settle();
    await service.callMethod(domainCall('Start'));
    for (const signal of signals) apply(objects, signal);
    // LastRefresh changes without a signal.
    const last = copy(service.objects());
    if (manager !== undefined) last.set('/me/phyllo/Vgpu1/manager', manager);
    expect(objects).toEqual(last);
    expect(diffObjects(service.objects(), service.objects())).toEqual([]);
  });
});
