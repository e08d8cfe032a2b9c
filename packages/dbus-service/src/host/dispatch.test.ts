// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { gpuPath, makeHost, vgpuPath } from '../testing/hosts.js';
import { CollectingLog, startService } from '../testing/service.js';
import { rootPath } from '../protocol/names.js';
import { FailedStepError } from '../methods/failed-step.js';
import type { IncomingCall, UndecodedCall } from './messages.js';
import { dispatch, refuse, type MethodCall } from './dispatch.js';

const { service } = await startService(makeHost());
const properties = 'org.freedesktop.DBus.Properties';

async function send(call: Partial<IncomingCall>, callMethod?: (call: MethodCall) => Promise<readonly unknown[]>) {
  const log = new CollectingLog();
  const answer = await dispatch(
    {
      sender: ':1.5',
      path: gpuPath,
      interface: undefined,
      member: 'Ping',
      signature: '',
      args: [],
      interactive: false,
      replyExpected: true,
      ...call,
    },
    { objects: () => service.objects(), callMethod: callMethod ?? ((method) => service.callMethod(method)), log },
  );
  return { answer, error: 'errorName' in answer ? answer.errorName : undefined, lines: log.lines };
}

async function introspect(path: string): Promise<string> {
  const { answer } = await send({ path, interface: 'org.freedesktop.DBus.Introspectable', member: 'Introspect' });
  return 'values' in answer ? String(answer.values[0]) : '';
}

async function fail(error: unknown) {
  const call = { interface: 'me.phyllo.Vgpu1.Gpu', member: 'CreateVgpu', signature: 'sa{sv}', args: ['x', {}] };
  return send(call, async () => {
    throw error;
  });
}

describe('dispatch', () => {
  it.each<[string, Partial<IncomingCall>]>([
    ['UnknownObject', { path: '/me/phyllo/Vgpu1/gpu/none', interface: 'me.phyllo.Vgpu1.Gpu', member: 'CreateVgpu' }],
    ['UnknownObject', { path: '/other', interface: 'org.freedesktop.DBus.Introspectable', member: 'Introspect' }],
    ['UnknownObject', { path: '/x', interface: properties, member: 'GetAll', signature: 's', args: [''] }],
    ['UnknownInterface', { path: rootPath, interface: 'me.phyllo.Vgpu1.Vgpu', member: 'Start' }],
    ['UnknownInterface', { path: rootPath, interface: properties, member: 'GetAll', signature: 's', args: ['x.y'] }],
    ['UnknownProperty', { path: rootPath, interface: properties, member: 'Get', signature: 'ss', args: ['', 'Vgpus'] }],
    ['UnknownMethod', { path: rootPath, member: 'NoSuchMethod' }],
    ['UnknownInterface', { interface: 'me.phyllo.Vgpu1.Vgpu', member: 'Start', signature: 'a{sv}', args: [{}] }],
    ['UnknownInterface', { interface: '__proto__', member: 'toString' }],
    ['UnknownInterface', { interface: 'org.freedesktop.DBus.ObjectManager', member: 'GetManagedObjects' }],
    ['UnknownInterface', { interface: properties, member: 'GetAll', signature: 's', args: ['constructor'] }],
    [
      'UnknownInterface',
      { interface: properties, member: 'Get', signature: 'ss', args: ['me.phyllo.Vgpu1.Vgpu', 'Uuid'] },
    ],
    ['UnknownMethod', { interface: 'me.phyllo.Vgpu1.Gpu', member: 'toString' }],
    ['UnknownMethod', { interface: 'me.phyllo.Vgpu1.Gpu', member: '__proto__' }],
    ['UnknownMethod', { interface: properties, member: 'constructor' }],
    ['UnknownMethod', { member: 'NoSuchMethod' }],
    [
      'UnknownProperty',
      { interface: properties, member: 'Get', signature: 'ss', args: ['me.phyllo.Vgpu1.Gpu', 'toString'] },
    ],
    [
      'UnknownProperty',
      { interface: properties, member: 'Set', signature: 'ssv', args: ['me.phyllo.Vgpu1.Gpu', 'x', {}] },
    ],
    [
      'PropertyReadOnly',
      { interface: properties, member: 'Set', signature: 'ssv', args: ['me.phyllo.Vgpu1.Gpu', 'Vgpus', {}] },
    ],
    ['InvalidArgs', { interface: properties, member: 'Get', signature: 's', args: ['me.phyllo.Vgpu1.Gpu'] }],
    ['InvalidArgs', { interface: 'me.phyllo.Vgpu1.Gpu', member: 'CreateVgpu', signature: 's', args: ['x'] }],
    ['InvalidArgs', { interface: 'me.phyllo.Vgpu1.Gpu', member: 'CreateVgpu', signature: 'sa{ss}', args: ['x', {}] }],
  ])('answers %s to %o', async (name, call) => {
    expect((await send(call)).error).toBe(`org.freedesktop.DBus.Error.${name}`);
  });

  it('finds a method without an interface', async () => {
    expect((await send({ member: 'Introspect' })).error).toBeUndefined();
    const found = await send({ path: '/me/phyllo/Vgpu1/manager', member: 'FindVgpus', signature: 's', args: ['x'] });
    expect(found.error).toBe('me.phyllo.Vgpu1.Error.InvalidArgument');
  });

  it('gets a property of any interface for the empty name', async () => {
    const { answer } = await send({ interface: properties, member: 'Get', signature: 'ss', args: ['', 'RenderNode'] });
    expect(answer).toEqual({ signature: 'v', values: [{ signature: 's', value: 'renderD128' }] });
  });

  it('answers GetAll of a standard interface with nothing', async () => {
    const { answer } = await send({ interface: properties, member: 'GetAll', signature: 's', args: [properties] });
    expect(answer).toEqual({ signature: 'a{sv}', values: [{}] });
  });

  it('answers GetAll of the root, which has no properties, with nothing', async () => {
    const { answer } = await send({
      path: rootPath,
      interface: properties,
      member: 'GetAll',
      signature: 's',
      args: [''],
    });
    expect(answer).toEqual({ signature: 'a{sv}', values: [{}] });
    expect(await introspect(rootPath)).toContain(`<interface name="${properties}">`);
  });

  it('introspects the way down to an object', async () => {
    expect(await introspect('/')).toContain('<node name="me"/>');
    expect(await introspect('/me/phyllo/Vgpu1')).toContain('org.freedesktop.DBus.ObjectManager');
    expect(await introspect(`${gpuPath}/type`)).toContain('<node name="i915_2dGVTg_5fV5_5f4"/>');
    expect(await introspect(gpuPath)).toContain('<interface name="me.phyllo.Vgpu1.Gpu">');
  });

  it('shows a caller a mapped error and nothing else', async () => {
    const cause = new Error('/root/secret');
    const busy = await fail(new DeviceError('DeviceBusy', `${vgpuPath} is\0 in\nuse`, { cause }));
    expect(busy.answer).toEqual({ errorName: 'me.phyllo.Vgpu1.Error.DeviceBusy', message: `${vgpuPath} is in use` });
    expect(busy.lines.join()).toContain('/root/secret');
    for (const error of [cause, new DeviceError('Internal', '/root/secret'), null, undefined, 'text']) {
      const { answer, lines } = await fail(error);
      const [, id] = /\[([0-9a-f]{4})\]/.exec('message' in answer ? answer.message : '') ?? [];
      expect(answer).toEqual({
        errorName: 'me.phyllo.Vgpu1.Error.Internal',
        message: `something failed that has no name here; the log of vgpud says what at [${id}]`,
      });
      expect(lines).toEqual([expect.stringMatching(`^\\[${id}\\] `)]);
    }
  });

  it("shows a failed step by the service's own text, and where the log says more", async () => {
    const cause = new DeviceError('Internal', 'no text of ours', { cause: new Error('/root/secret') });
    const failed = await fail(new FailedStepError('Internal', 'phyllome could not be started', { cause }));
    const [, id] = /\[([0-9a-f]{4})\]/.exec('message' in failed.answer ? failed.answer.message : '') ?? [];
    expect(failed.answer).toEqual({
      errorName: 'me.phyllo.Vgpu1.Error.Internal',
      message: `phyllome could not be started; the log of vgpud says why at [${id}]`,
    });
    expect(failed.lines).toEqual([expect.stringMatching(`^\\[${id}\\] phyllome could not be started: `)]);
    const undone = await fail(new FailedStepError('RolledBack', 'x failed', { cause }));
    expect(undone.error).toBe('me.phyllo.Vgpu1.Error.RolledBack');
    const other = await fail(cause);
    expect(other.answer).not.toEqual(failed.answer);
  });
});

describe('refuse', () => {
  const target = { objects: () => service.objects(), log: new CollectingLog() };
  const set = { sender: ':1.5', path: gpuPath, interface: properties, member: 'Set', signature: 'ssv' };
  const create = { ...set, interface: 'me.phyllo.Vgpu1.Gpu', member: 'CreateVgpu', signature: 'sa{sv}' };
  const refused = (call: UndecodedCall) => refuse(call, target)?.errorName;

  it("decodes no arguments of D-Bus's own methods that are longer than names", () => {
    expect(refused({ ...set, replyExpected: true, bodyLength: 4096 })).toBeUndefined();
    expect(refused({ ...set, replyExpected: true, bodyLength: 4097 })).toBe(
      'org.freedesktop.DBus.Error.LimitsExceeded',
    );
    expect(refused({ ...create, replyExpected: true, bodyLength: 4097 })).toBeUndefined();
  });

  it("decodes no call of D-Bus's own methods to which nobody wants the answer", () => {
    expect(refused({ ...set, replyExpected: false, bodyLength: 10 })).toBeDefined();
    expect(refused({ ...create, replyExpected: false, bodyLength: 10 })).toBeUndefined();
  });
});
