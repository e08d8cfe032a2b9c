// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { Dictionary } from '../protocol/contract-types.js';
import type { Service } from '../service.js';
import { call, Gate, outcome } from '../testing/calls.js';
import { hostOf, workingCall, workingMethods, type WorkingMethod } from '../testing/working-calls.js';
import { settle, startService } from '../testing/service.js';
import { watchPorts } from '../testing/watch-ports.js';
import { dialogShownAfterMs } from './operation.js';

const stranger = ':1.2000';
const failure = (code: string) => expect.objectContaining({ code });

function operationOf(service: Service) {
  const [found] = [...service.objects()].flatMap(([path, object]) => {
    const operation = object['me.phyllo.Vgpu1.Operation'];
    return operation === undefined ? [] : [{ path, ...operation }];
  });
  if (found === undefined) throw new Error('no operation');
  return found;
}

/** The method, and its dialog, which is open until the gate is. */
async function openDialog(listed: WorkingMethod) {
  const host = hostOf(listed);
  const { ports, called } = watchPorts(host);
  const rig = await startService(ports);
  called.length = 0;
  const gate = new Gate();
  rig.authorizer.dialog = true;
  rig.authorizer.meanwhile = () => gate.pass();
  const result = outcome(rig.service.callMethod(workingCall(listed)));
  await settle();
  rig.clock.advance(dialogShownAfterMs);
  await settle();
  rig.authorizer.meanwhile = () => undefined;
  const { path } = operationOf(rig.service);
  const cancel = (sender: string) =>
    rig.service.callMethod(call('me.phyllo.Vgpu1.Operation', path, 'Cancel', [{}], sender));
  return { ...rig, called, gate, result, cancel };
}

describe.each(workingMethods())('$kind', (listed) => {
  it('is an operation with the steps that Preview shows', async () => {
    const { service } = await startService(hostOf(listed));
    const made = workingCall(listed);
    const args = listed.spec.in.map(({ type }, index) => ({ signature: type, value: made.args[index] }));
    const asked = [made.path, made.interface, made.method, args];
    const before = service.objects();
    const preview = call('me.phyllo.Vgpu1.Manager', '/me/phyllo/Vgpu1/manager', 'Preview', asked);
    const [, steps] = (await service.callMethod(preview)) as [string, Dictionary[]];
    expect(service.objects()).toBe(before);
    expect(steps.length).toBeGreaterThan(0);
    await service.callMethod(made);
    const operation = operationOf(service);
    expect(operation).toMatchObject({ Kind: listed.kind, Target: made.path, State: 'done', ErrorName: '' });
    expect(operation.Steps.map(({ state: _state, ...step }) => step)).toEqual(steps);
    expect(operation.Steps.map(({ state }) => state?.value)).not.toContain('pending');
  });

  it('touches nothing while its dialog is open, and nothing after it was cancelled there', async () => {
    const { service, authorizer, called, gate, result, cancel } = await openDialog(listed);
    expect(operationOf(service)).toMatchObject({ State: 'waiting-for-authorization', Steps: [] });
    await cancel(':1.10');
    expect(authorizer.asked[0]?.cancelled?.aborted).toBe(true);
    gate.open();
    expect(await result).toEqual(failure('RolledBack'));
    expect(operationOf(service)).toMatchObject({ State: 'rolled-back', Steps: [] });
    expect(called).toEqual([]);
  });

  it('is not cancelled by another user without $action', async () => {
    const { service, authorizer, called, gate, result, cancel } = await openDialog(listed);
    authorizer.decision = 'denied';
    await expect(cancel(stranger)).rejects.toThrow(failure('NotAuthorized'));
    authorizer.decision = 'challenge';
    await expect(cancel(stranger)).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
    });
    const ofStranger = authorizer.asked.filter(({ sender }) => sender === stranger);
    expect(ofStranger.map(({ action, details }) => [action, details])).toEqual([
      [listed.action, authorizer.asked[0]?.details],
      [listed.action, authorizer.asked[0]?.details],
    ]);
    expect(called).toEqual([]);
    expect(operationOf(service).State).toBe('waiting-for-authorization');
    authorizer.decision = 'granted';
    gate.open();
    expect(await result).toBeUndefined();
  });
});
