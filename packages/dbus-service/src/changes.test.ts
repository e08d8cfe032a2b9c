// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, parseUuid, type NodeDevicePort } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import type { Decision } from './auth/authorizer.js';
import { stopGraceMs } from './limits.js';
import {
  domainPath,
  domainUuid,
  gpuPath,
  hostFile,
  makeDomain,
  makeHost,
  vgpuPath,
  vgpuUuid,
} from './testing/hosts.js';
import {
  call,
  create,
  domainCall,
  domainWith,
  Gate,
  outcome,
  portsWith,
  startSlow,
  startUnread,
} from './testing/calls.js';
import { settle, startService } from './testing/service.js';

const parent = '0000:00:02.0';
const otherUuid = parseUuid('11111111-2222-4333-8444-555555555555');
const mdev = { uuid: vgpuUuid, parent, type: 'i915-GVTg_V5_4', active: false, persistent: true, autostart: false };
const manageVgpus = 'me.phyllo.vgpu1.manage-vgpus';
const manageDomains = 'me.phyllo.vgpu1.manage-domains';
const failure = (code: string) => expect.objectContaining({ code });
const unavailable = failure('Unavailable');

describe('what a change needs', () => {
  const twoStopped = { ...hostFile, mdevs: [mdev, { ...mdev, uuid: otherUuid }] };

  it('is manage-vgpus too, for every vGPU that the start of a machine starts', async () => {
    const { service, authorizer } = await startService(makeHost([domainWith([vgpuUuid, otherUuid])], twoStopped));
    await service.callMethod(domainCall('Start'));
    expect(authorizer.asked.map(({ action, details, interactive }) => [action, details, interactive])).toEqual([
      [manageDomains, { 'domain.uuid': domainUuid, 'domain.name': 'phyllome' }, true],
      [manageVgpus, { 'vgpu.uuid': vgpuUuid, 'parent.name': parent }, true],
      [manageVgpus, { 'vgpu.uuid': otherUuid, 'parent.name': parent }, true],
    ]);
  });

  it.each([vgpuUuid, otherUuid])('is refused as a whole without the grant for %s', async (refused) => {
    const host = makeHost([domainWith([vgpuUuid, otherUuid])], twoStopped);
    const { service, authorizer } = await startService(host);
    authorizer.answer = ({ details }) => (details['vgpu.uuid'] === refused ? 'denied' : undefined);
    await expect(service.callMethod(domainCall('Start'))).rejects.toThrow(failure('NotAuthorized'));
    expect((await host.nodeDevices.list()).mdevs.map(({ active }) => active)).toEqual([false, false]);
  });

  it('is manage-domains alone where the vGPUs are active', async () => {
    const active = { ...hostFile, mdevs: [{ ...mdev, active: true }] };
    const { service, authorizer } = await startService(makeHost([domainWith([vgpuUuid])], active));
    await service.callMethod(domainCall('Start'));
    expect(authorizer.asked.map(({ action }) => action)).toEqual([manageDomains]);
  });

  it('is asked with the parent that was chosen and the UUID that was made', async () => {
    const { service, authorizer } = await startService(makeHost());
    const anywhere = call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', ['i915-GVTg_V5_4', {}]);
    const [path] = await service.callMethod(anywhere);
    expect(authorizer.asked).toHaveLength(1);
    const { 'vgpu.uuid': uuid, 'parent.name': name } = authorizer.asked[0]?.details ?? {};
    expect(name).toBe(parent);
    expect(path).toBe(`/me/phyllo/Vgpu1/vgpu/${uuid?.replaceAll('-', '_')}_0000_00_02_0`);
  });

  it('is looked at again after the dialog, and asked without one where it is something else by then', async () => {
    const host = makeHost([domainWith([])], twoStopped);
    const { service, authorizer } = await startService(host);
    authorizer.meanwhile = () => {
      authorizer.meanwhile = () => undefined;
      const changed = domainWith([otherUuid], { name: 'renamed' });
      host.behindItsBack(({ domains }) => domains.set(domainUuid, changed), { event: false });
    };
    await service.callMethod(domainCall('Start'));
    expect(authorizer.asked.map(({ details, interactive }) => [Object.values(details), interactive])).toEqual([
      [[domainUuid, 'phyllome'], true],
      [[domainUuid, 'renamed'], false],
      [[otherUuid, parent], false],
    ]);
  });

  it('is looked at again after each answer: nothing is planned that was not granted', async () => {
    const host = makeHost([domainWith([])], twoStopped);
    const { service, authorizer, clock } = await startService(host);
    authorizer.answer = ({ action }) => (action === manageVgpus ? 'denied' : undefined);
    authorizer.meanwhile = async () => {
      const second = authorizer.asked.length === 2;
      const changed = domainWith(second ? [otherUuid] : [], { name: 'renamed' });
      host.behindItsBack(({ domains }) => domains.set(domainUuid, changed), { event: second });
      await settle();
      clock.advance(1000);
      await settle();
    };
    await expect(service.callMethod(domainCall('Start'))).rejects.toThrow(failure('NotAuthorized'));
    expect(authorizer.asked.map(({ action }) => action)).toEqual([manageDomains, manageDomains, manageVgpus]);
    expect((await host.nodeDevices.list()).mdevs.map(({ active }) => active)).toEqual([false, false]);
  });

  it.each<Decision>(['denied', 'challenge'])('is refused where the second answer is %s', async (decision) => {
    const host = makeHost([domainWith([])], twoStopped);
    const { service, authorizer } = await startService(host);
    authorizer.meanwhile = () => {
      authorizer.decision = decision;
      host.behindItsBack(({ domains }) => domains.set(domainUuid, domainWith([otherUuid])), { event: false });
    };
    authorizer.answer = ({ action }) => (action === manageDomains ? 'granted' : undefined);
    await expect(service.callMethod(domainCall('Start'))).rejects.toThrow(failure('NotAuthorized'));
    expect((await host.nodeDevices.list()).mdevs.map(({ active }) => active)).toEqual([false, false]);
  });
});

describe('what a refusal says', () => {
  const twoStopped = { ...hostFile, mdevs: [mdev] };
  const start = call('me.phyllo.Vgpu1.Vgpu', vgpuPath, 'Start', [{}]);
  const anywhere = call('me.phyllo.Vgpu1.Gpu', gpuPath, 'CreateVgpu', ['i915-GVTg_V5_4', {}]);

  it.each([
    ['denied', start, manageVgpus, `vGPU ${vgpuUuid} may not be started: polkit has not granted ${manageVgpus}`],
    ['denied', anywhere, manageVgpus, 'a vGPU of type i915-GVTg_V5_4 may not be created: polkit has not granted'],
    ['denied', domainCall('Start'), manageDomains, 'domain phyllome may not be started: polkit has not'],
    ['denied', domainCall('Start'), manageVgpus, `phyllome may not be started: polkit has not granted ${manageVgpus}`],
    ['denied', domainCall('Start'), manageVgpus, `${manageVgpus} for vGPU ${vgpuUuid}`],
    ['challenge', start, manageVgpus, `may not be started before somebody authenticates for ${manageVgpus}`],
    ['busy', start, manageVgpus, `vGPU ${vgpuUuid} may not be started now: too many password dialogs are open`],
    ['unanswered', start, manageVgpus, `vGPU ${vgpuUuid} may not be started: polkit gave no answer`],
  ] as const)('where polkit has %s it: what and why (%#)', async (decision, refused, action, message) => {
    const { service, authorizer } = await startService(makeHost([domainWith([vgpuUuid])], twoStopped));
    authorizer.answer = (request) => (request.action === action ? decision : undefined);
    await expect(service.callMethod(refused)).rejects.toThrow(message);
  });
});

describe('a change that waits for its turn', () => {
  it('is dropped when its caller leaves', async () => {
    const { service, gate, uuids, leave, watched } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const second = service.callMethod(create(otherUuid, ':1.10'));
    const dropped = outcome(second);
    await settle();
    leave(':1.10');
    gate.open();
    await first;
    expect(await dropped).toEqual(unavailable);
    expect(await uuids()).toEqual([vgpuUuid]);
    expect(watched()).toBe(0);
  });

  it('is dropped when its caller leaves while the host is read before it', async () => {
    const { service, host, reading, leave } = await startUnread();
    const dropped = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    expect(reading.reached).toBe(true);
    leave(':1.9');
    reading.open();
    expect(await dropped).toEqual(unavailable);
    expect((await host.nodeDevices.list()).mdevs).toEqual([]);
  });

  it('goes on when its caller leaves after it has begun', async () => {
    const { service, gate, uuids, leave } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    await settle();
    leave(':1.9');
    gate.open();
    await first;
    expect(await uuids()).toEqual([vgpuUuid]);
  });

  it('is asked about again after a minute, without a dialog', async () => {
    const { service, gate, uuids, clock, authorizer } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const second = service.callMethod(create(otherUuid));
    const refused = outcome(second);
    await settle();
    expect(authorizer.asked).toHaveLength(2);
    clock.advance(61_000);
    authorizer.decision = 'challenge';
    gate.open();
    await first;
    expect(await refused).toEqual(failure('NotAuthorized'));
    expect(authorizer.asked.slice(2).map(({ interactive }) => interactive)).toEqual([false]);
    expect(await uuids()).toEqual([vgpuUuid]);
  });

  it.each([3_600_000, -3_600_000])('is as old as it is, also where the clock is set by %d ms', async (setByMs) => {
    const { service, gate, clock, authorizer } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const second = service.callMethod(create(otherUuid));
    await settle();
    clock.wallOffsetMs = setByMs;
    const aged = setByMs < 0;
    clock.advance(aged ? 61_000 : 59_000);
    gate.open();
    await Promise.all([first, second]);
    expect(authorizer.asked).toHaveLength(aged ? 3 : 2);
  });

  it('is one of at most 32 calls of one caller', async () => {
    const { service, gate } = await startSlow();
    const many = Array.from({ length: 32 }, () => service.callMethod(create(vgpuUuid)));
    const settled = Promise.allSettled(many);
    await expect(service.callMethod(create(otherUuid))).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.LimitsExceeded',
    });
    const other = service.callMethod(create(otherUuid, ':1.10'));
    await settle();
    gate.open();
    await settled;
    await other;
    await service.callMethod(domainCall('Start'));
  });
});

const refuseList = () => Promise.reject(new DeviceError('Internal', 'no node devices'));
const running = () => {
  const { inactive } = makeDomain();
  return makeDomain({ state: 'running', active: inactive });
};

async function state(method: string, brokenFrom: 'the start' | 'later') {
  const host = makeHost([running()]);
  let list: NodeDevicePort['list'] = brokenFrom === 'later' ? () => host.nodeDevices.list() : refuseList;
  const { service } = await startService(portsWith(host, { list: () => list() }));
  list = refuseList;
  await service.callMethod(domainCall(method));
  return service.objects().get(domainPath)?.['me.phyllo.Vgpu1.Domain']?.State;
}

describe('a machine while node devices cannot be listed', () => {
  it.each(['Shutdown', 'ForceOff'])('does %s', async (method) => {
    expect(await state(method, 'later')).toBe('shut-off');
  });

  it('is there from the start', async () => {
    expect(await state('ForceOff', 'the start')).toBe('shut-off');
  });

  it('is not started: its vGPUs are not known', async () => {
    await expect(state('Start', 'later')).rejects.toThrow(failure('Internal'));
  });
});

describe('the end', () => {
  it('waits for the running change, drops those that wait, and accepts none', async () => {
    const { service, gate, uuids, authorizer } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const second = service.callMethod(create(otherUuid));
    const dropped = outcome(second);
    await settle();
    let ended = false;
    const stop = async () => {
      await service.stop();
      ended = true;
    };
    const end = stop();
    expect(await dropped).toEqual(unavailable);
    await expect(service.callMethod(create(otherUuid))).rejects.toThrow(unavailable);
    const find = call('me.phyllo.Vgpu1.Manager', '/me/phyllo/Vgpu1/manager', 'FindVgpus', [vgpuUuid]);
    await expect(service.callMethod(find)).rejects.toThrow(unavailable);
    await settle();
    expect(ended).toBe(false);
    expect(authorizer.stopped).toBe(true);
    gate.open();
    expect(await first).toEqual([vgpuPath]);
    await end;
    expect(await uuids()).toEqual([vgpuUuid]);
  });

  it('does not leave a reading for a client waiting', async () => {
    const { service } = await startService(makeHost());
    const refresh = () =>
      service.callMethod(call('me.phyllo.Vgpu1.Manager', '/me/phyllo/Vgpu1/manager', 'Refresh', [{}]));
    await refresh();
    const waiting = outcome(refresh());
    await settle();
    await service.stop();
    expect(await waiting).toEqual(unavailable);
  });

  it('takes nothing that is granted meanwhile', async () => {
    const { service, uuids, authorizer } = await startSlow();
    const gate = new Gate();
    authorizer.meanwhile = () => gate.pass();
    const refused = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    const end = service.stop();
    gate.open();
    expect(await refused).toEqual(unavailable);
    await end;
    expect(await uuids()).toEqual([]);
  });

  it('undoes a change that takes too long, instead of beginning its next step', async () => {
    const { service, gate, uuids, clock } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const undone = outcome(first);
    await settle();
    const end = service.stop();
    await settle();
    clock.advance(stopGraceMs);
    await settle();
    gate.open();
    expect(await undone).toEqual(failure('RolledBack'));
    await end;
    expect(await uuids()).toEqual([]);
  });
});

describe('a step that nobody can classify', () => {
  const unnamed = new DeviceError('Internal', 'text of libvirt', { cause: new Error('QEMU said no') });

  it('is named by what it was to do', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('domains', 'start', unnamed);
    await expect(service.callMethod(domainCall('Start'))).rejects.toMatchObject({
      code: 'Internal',
      message: 'phyllome could not be started',
      cause: unnamed,
    });
  });

  it('is named too where the rest was undone', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('nodeDevices', 'start', unnamed);
    await expect(service.callMethod(create(vgpuUuid))).rejects.toMatchObject({
      code: 'RolledBack',
      message: `vGPU ${vgpuUuid} could not be started, and everything before it was undone`,
    });
  });
});
