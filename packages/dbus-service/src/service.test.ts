// SPDX-License-Identifier: LGPL-2.1-or-later
import { readFileSync } from 'node:fs';
import { DeviceError, formatVgpuKey, parseParentName, parseUuid } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import type { MethodCall } from './host/dispatch.js';
import type { InMemoryHost } from '@vgpu/core/testing';
import type { Dictionary } from './protocol/contract-types.js';
import { argumentByType, argumentsOf, changingMethods, pathByInterface } from './testing/changing-methods.js';
import {
  domainPath,
  domainUuid,
  gpuPath,
  hostFile,
  makeDomain,
  makeHost,
  storedMdev,
  vgpuPath,
  vgpuUuid,
} from './testing/hosts.js';
import { settle, startService } from './testing/service.js';
import { watchPorts } from './testing/watch-ports.js';
import { hostOf, workingCall, workingMethods } from './testing/working-calls.js';

const mdev = { ...storedMdev, active: true };
const managerPath = '/me/phyllo/Vgpu1/manager';
const uuidOption = { uuid: { signature: 's', value: vgpuUuid } };

function hostWithVgpu(): InMemoryHost {
  return makeHost([makeDomain()], { ...hostFile, mdevs: [mdev] });
}

function call(name: MethodCall['interface'], path: string, method: string, args: readonly unknown[]): MethodCall {
  return { interface: name, path, method, args, sender: ':1.9', interactive: false };
}

const create = (options = {}) => call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', ['i915-GVTg_V5_4', options]);
const vgpuCall = (method: string) => call('me.phyllo.Vgpu1.Vgpu', vgpuPath, method, [{}]);
const assign = (options = {}) => call('me.phyllo.Vgpu1.Domain', domainPath, 'AssignVgpu', [vgpuPath, options]);
const failure = (code: string) => expect.objectContaining({ code });

/** What polkit puts into the text of each action's dialog: `$(vgpu.uuid)` stays as it is where it is not told. */
const policy = readFileSync(new URL('../data/me.phyllo.vgpu1.policy', import.meta.url), 'utf8');
const namesInMessages = Object.fromEntries(
  [...policy.matchAll(/<action id="([^"]+)">[^]*?<message>([^<]*)</g)].map(([, id = '', message = '']) => [
    id,
    [...message.matchAll(/\$\(([^)]+)\)/g)].map(([, name]) => name),
  ]),
);

describe('every changing method', () => {
  it.each(workingMethods())('$kind asks for $action and touches nothing without it', async (listed) => {
    const { ports, called } = watchPorts(hostOf(listed));
    const { service, authorizer } = await startService(ports);
    const refused = workingCall(listed);
    called.length = 0;
    authorizer.decision = 'denied';
    await expect(service.callMethod(refused)).rejects.toThrow(failure('NotAuthorized'));
    authorizer.decision = 'challenge';
    await expect(service.callMethod(refused)).rejects.toThrow(
      expect.objectContaining({ errorName: 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired' }),
    );
    expect(called).toEqual([]);
    expect(authorizer.asked.map(({ action, sender }) => [action, sender])).toEqual([
      [listed.action, ':1.9'],
      [listed.action, ':1.9'],
    ]);
  });

  it.each(changingMethods())('$name $method refuses an unknown option before it asks anybody', async (listed) => {
    const { service, authorizer } = await startService(hostWithVgpu());
    const options = { colour: { signature: 's', value: '1' } };
    const args = argumentsOf(listed, options);
    const wrong = call(listed.name, pathByInterface[listed.name] ?? '', listed.method, args);
    await expect(service.callMethod(wrong)).rejects.toThrow(failure('InvalidArgument'));
    expect(authorizer.asked).toEqual([]);
  });

  it.each(changingMethods())('$name $method is refused while libvirt is away', async (listed) => {
    const host = hostWithVgpu();
    const { service, authorizer } = await startService(host);
    host.setConnected(false);
    await settle();
    const args = argumentsOf(listed);
    const late = call(listed.name, pathByInterface[listed.name] ?? '', listed.method, args);
    await expect(service.callMethod(late)).rejects.toThrow(failure('Unavailable'));
    expect(authorizer.asked).toEqual([]);
  });
});

describe('authorization', () => {
  it('is told the objects', async () => {
    const { service, authorizer } = await startService(hostWithVgpu());
    await service.callMethod(assign());
    await service.callMethod(create({ uuid: { signature: 's', value: vgpuUuid.replace('7', '8') } }));
    expect(authorizer.asked.map(({ details }) => details)).toEqual([
      { 'domain.uuid': domainUuid, 'domain.name': 'phyllome', 'vgpu.uuid': vgpuUuid, 'parent.name': '0000:00:02.0' },
      { 'vgpu.uuid': vgpuUuid.replace('7', '8'), 'parent.name': '0000:00:02.0' },
    ]);
  });

  it.each(workingMethods())('is told everything that polkit’s text for $kind names', async (listed) => {
    // Also where there is no plan to take it from.
    for (const host of [hostOf(listed), hostWithVgpu()]) {
      const { service, authorizer } = await startService(host);
      await service.callMethod(workingCall(listed)).catch(() => undefined);
      expect(authorizer.asked.length).toBeGreaterThan(0);
      for (const { action, details } of authorizer.asked) {
        const { [action]: names = [] } = namesInMessages;
        expect(names).not.toEqual([]);
        expect(Object.keys(details)).toEqual(expect.arrayContaining(names));
      }
    }
  });

  it('is silent where the option says so, whatever the message allows', async () => {
    const { service, authorizer } = await startService(hostWithVgpu());
    const silent = { 'auth.no_user_interaction': { signature: 'b', value: true } };
    await service.callMethod({ ...assign(silent), interactive: true });
    await service.callMethod({ ...vgpuCall('Stop'), interactive: true });
    expect(authorizer.asked.map(({ interactive }) => interactive)).toEqual([false, true]);
  });

  it.each(['denied', 'challenge', 'unanswered'] as const)(
    'asks for no password for what cannot work, and says why it cannot where polkit has %s it',
    async (decision) => {
      const { ports, called } = watchPorts(hostWithVgpu());
      const { service, authorizer } = await startService(ports);
      called.length = 0;
      authorizer.dialog = true;
      authorizer.decision = decision;
      const noType = call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', ['nosuch', {}]);
      for (const [code, wrong] of [
        ['NotFound', noType],
        ['InvalidState', vgpuCall('Start')],
        ['AlreadyExists', vgpuCall('Define')],
      ] as const) {
        await expect(service.callMethod({ ...wrong, interactive: true })).rejects.toThrow(failure(code));
      }
      expect(authorizer.asked.map(({ interactive }) => interactive)).toEqual([false, false, false]);
      expect(called).toEqual([]);
    },
  );

  it('that is there already has the host read again before anything is refused', async () => {
    const running = makeDomain({ state: 'running', active: makeDomain().inactive });
    const host = makeHost([running]);
    const { service } = await startService(host);
    host.behindItsBack(({ domains }) => domains.set(domainUuid, makeDomain()), { event: false });
    const start = call('me.phyllo.Vgpu1.Domain', domainPath, 'Start', [{}]);
    expect(await service.callMethod(start)).toEqual([]);
  });

  it('is followed by looking at everything again', async () => {
    const host = hostWithVgpu();
    const { service, authorizer } = await startService(host);
    const stored = makeDomain().inactive;
    if (stored === undefined) throw new Error('not stored');
    const hostdev = { kind: 'mdev', uuid: vgpuUuid, model: 'vfio-pci', display: false, ramfb: false } as const;
    const server = makeDomain({
      uuid: parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22'),
      name: 'server',
      state: 'running',
      active: { ...stored, hostdevs: [hostdev] },
    });
    authorizer.meanwhile = () =>
      host.behindItsBack(({ domains }) => domains.set(server.uuid, server), { event: false });
    await expect(service.callMethod(assign())).rejects.toThrow(failure('DeviceBusy'));
  });
});

describe('changes', () => {
  it('are published when the answer arrives, and not before they are made', async () => {
    const { service, signals } = await startService(makeHost());
    expect(await service.callMethod(create(uuidOption))).toEqual([vgpuPath]);
    expect(service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']).toMatchObject({ Active: true, Persistent: true });
    expect(signals.some(({ member, body }) => member === 'InterfacesAdded' && body.values[0] === vgpuPath)).toBe(true);
  });

  it('run one after another, each on what the one before left', async () => {
    const { service } = await startService(makeHost());
    const both = await Promise.allSettled([
      service.callMethod(create(uuidOption)),
      service.callMethod(create(uuidOption)),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(service.callMethod(create(uuidOption))).rejects.toThrow(failure('AlreadyExists'));
  });

  it('that fail leave the objects right and the queue running', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('nodeDevices', 'start', new DeviceError('TimedOut', 'the start timed out'));
    await expect(service.callMethod(create(uuidOption))).rejects.toThrow(failure('TimedOut'));
    expect(service.objects().has(vgpuPath)).toBe(false);
    await service.callMethod(create(uuidOption));
  });

  it('take the whole way of a vGPU', async () => {
    const { service } = await startService(makeHost());
    const vgpu = () => service.objects().get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu'];
    await service.callMethod(create({ ...uuidOption, persistent: { signature: 'b', value: false } }));
    expect(vgpu()).toMatchObject({ Active: true, Persistent: false });
    await service.callMethod(vgpuCall('Define'));
    await service.callMethod(call('me.phyllo.Vgpu1.Vgpu', vgpuPath, 'SetAutostart', [true, {}]));
    expect(vgpu()).toMatchObject({ Persistent: true, Autostart: true });
    const [steps] = await service.callMethod(assign());
    expect(steps).toContainEqual(expect.objectContaining({ id: { signature: 's', value: 'assign-mdev' } }));
    expect(vgpu()).toMatchObject({ Domains: [domainPath] });
    await service.callMethod(call('me.phyllo.Vgpu1.Domain', domainPath, 'Start', [{}]));
    await expect(service.callMethod(vgpuCall('Stop'))).rejects.toThrow(failure('DeviceBusy'));
    await service.callMethod(call('me.phyllo.Vgpu1.Domain', domainPath, 'ForceOff', [{}]));
    await service.callMethod(call('me.phyllo.Vgpu1.Domain', domainPath, 'UnassignVgpu', [vgpuPath, {}]));
    await service.callMethod(vgpuCall('Stop'));
    await service.callMethod(vgpuCall('Start'));
    await service.callMethod(vgpuCall('Stop'));
    await service.callMethod(vgpuCall('Undefine'));
    expect(vgpu()).toBeUndefined();
  });

  it('take a vGPU that is gone out of a machine', async () => {
    const host = hostWithVgpu();
    const { service } = await startService(host);
    await service.callMethod(assign());
    const key = formatVgpuKey({ uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') });
    host.behindItsBack(({ mdevs }) => mdevs.delete(key));
    await settle();
    expect(service.objects().has(vgpuPath)).toBe(false);
    await service.callMethod(call('me.phyllo.Vgpu1.Domain', domainPath, 'UnassignVgpu', [vgpuPath, {}]));
    const [domain] = await host.domains.list();
    expect(domain?.inactive?.hostdevs).toEqual([]);
  });

  it.each([
    ['NotFound', ['no-such-type', {}]],
    ['InvalidArgument', ['i915-GVTg_V5_4', { uuid: { signature: 's', value: '\0' } }]],
    ['NotFound', ['i915-GVTg_V5_4', { parent: { signature: 'o', value: '/me/phyllo/Vgpu1/parent/mtty' } }]],
    ['InvalidArgument', ['i915-GVTg_V5_4', { attributes: { signature: 'a(ss)', value: [['/etc/victim', 'x']] } }]],
    ['InvalidArgument', ['i915-GVTg_V5_4', { attributes: { signature: 'a(ss)', value: [['__proto__', 'x']] } }]],
  ])('are refused with %s for %o', async (code, args) => {
    const host = makeHost();
    const { service } = await startService(host);
    const hostile = call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', args);
    await expect(service.callMethod(hostile)).rejects.toThrow(failure(code));
    expect((await host.nodeDevices.list()).mdevs).toEqual([]);
  });

  it('are made under a parent that is no PCI device', async () => {
    const { service } = await startService(makeHost());
    const made = call('me.phyllo.Vgpu1.Gpu', '/me/phyllo/Vgpu1/gpu/mtty', 'CreateVgpu', ['mtty-2', uuidOption]);
    expect(await service.callMethod(made)).toEqual([vgpuPath.replace('0000_00_02_0', 'mtty')]);
  });
});

describe('Preview', () => {
  const preview = (path: string, name: string, method: string, args: readonly unknown[]) =>
    call('me.phyllo.Vgpu1.Manager', managerPath, 'Preview', [path, name, method, args]);
  const noOptions = { signature: 'a{sv}', value: {} };
  const assigned = preview(domainPath, 'me.phyllo.Vgpu1.Domain', 'AssignVgpu', [
    { signature: 'o', value: vgpuPath },
    noOptions,
  ]);

  it('says what the method says and changes nothing', async () => {
    const host = hostWithVgpu();
    const { service } = await startService(host);
    const before = await host.domains.list();
    const [diff, steps] = await service.callMethod(assigned);
    expect(diff).toContain(vgpuUuid);
    expect(await host.domains.list()).toEqual(before);
    expect([steps]).toEqual(await service.callMethod(assign()));
  });

  it.each(['denied', 'challenge', 'unanswered'] as const)(
    'gives the steps to all, and where polkit has %s the change a note in the place of the diff',
    async (decision) => {
      const { service, authorizer } = await startService(hostWithVgpu());
      const [, steps] = (await service.callMethod(assigned)) as [string, Dictionary[]];
      expect(steps).toHaveLength(2);
      authorizer.asked.length = 0;
      authorizer.decision = decision;
      const action = { signature: 's', value: 'me.phyllo.vgpu1.assign' };
      expect(await service.callMethod({ ...assigned, interactive: true })).toEqual([
        '',
        [
          ...steps,
          {
            id: { signature: 's', value: 'note-diff-withheld' },
            args: { signature: 'a{sv}', value: { action } },
            severity: { signature: 's', value: 'info' },
            message: { signature: 's', value: expect.stringContaining(action.value) },
          },
        ],
      ]);
      expect(authorizer.asked.map(({ interactive }) => interactive)).toEqual([false]);
    },
  );

  it('has no such note where no document changes', async () => {
    const { service, authorizer } = await startService(hostWithVgpu());
    authorizer.decision = 'denied';
    const stopped = preview(vgpuPath, 'me.phyllo.Vgpu1.Vgpu', 'Stop', [noOptions]);
    const [diff, steps] = (await service.callMethod(stopped)) as [string, Dictionary[]];
    expect([diff, steps.map((step) => step['id']?.value)]).toEqual(['', ['stop-mdev']]);
    expect(authorizer.asked).toEqual([]);
  });

  it.each([
    ['InvalidArgument', preview(managerPath, 'me.phyllo.Vgpu1.Manager', 'Refresh', [noOptions])],
    ['InvalidArgument', preview(vgpuPath, 'me.phyllo.Vgpu1.Vgpu', '__proto__', [noOptions])],
    ['InvalidArgument', preview(vgpuPath, '__proto__', 'Start', [noOptions])],
    ['InvalidArgument', preview(vgpuPath, 'me.phyllo.Vgpu1.Vgpu', 'Start', [])],
    [
      'InvalidArgument',
      preview(vgpuPath, 'me.phyllo.Vgpu1.Vgpu', 'Stop', [
        { signature: 'a{sv}', value: { x: { signature: 's', value: '' } } },
      ]),
    ],
    ['NotFound', preview(gpuPath, 'me.phyllo.Vgpu1.Vgpu', 'Stop', [noOptions])],
    ['InvalidState', preview(vgpuPath, 'me.phyllo.Vgpu1.Vgpu', 'Start', [noOptions])],
  ])('is refused with %s', async (code, wrong) => {
    const { service } = await startService(hostWithVgpu());
    await expect(service.callMethod(wrong)).rejects.toThrow(failure(code));
  });

  it('covers every changing method', async () => {
    const { service } = await startService(hostWithVgpu());
    for (const { name, method, spec } of changingMethods()) {
      const args = spec.in.map((arg) => ({ signature: arg.type, value: argumentByType[arg.type] }));
      const outcome = await service.callMethod(preview(pathByInterface[name] ?? '', name, method, args)).then(
        ([, steps]) => (Array.isArray(steps) ? 'steps' : 'nothing'),
        (error: unknown) => (error instanceof DeviceError ? error.code : String(error)),
      );
      expect(['steps', 'InvalidState', 'AlreadyExists', 'NotFound'], `${name}.${method}`).toContain(outcome);
    }
  });
});
