// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { create, domainCall, domainWith, Gate, outcome, startSlow, startUnread } from '../testing/calls.js';
import { domainUuid, makeHost, vgpuUuid } from '../testing/hosts.js';
import { cancel, id, operations, otherUuid, states, stepsOf } from '../testing/operations.js';
import { settle, startService } from '../testing/service.js';
import { dialogShownAfterMs } from './operation.js';

const name = 'me.phyllo.Vgpu1.Operation';
const failure = (code: string) => expect.objectContaining({ code });

describe('Cancel', () => {
  it('ends the wait for a turn, and nothing is done', async () => {
    const { service, gate, uuids } = await startSlow();
    const first = service.callMethod(create(vgpuUuid));
    const second = outcome(service.callMethod(create(otherUuid, ':1.10')));
    await settle();
    const [, waiting] = operations(service);
    expect(waiting).toMatchObject({ State: 'running', Steps: [] });
    await service.callMethod(cancel(waiting?.path ?? '', ':1.11'));
    expect(await second).toEqual(failure('RolledBack'));
    expect(states(service)).toEqual(['running', 'rolled-back']);
    gate.open();
    await first;
    expect(await uuids()).toEqual([vgpuUuid]);
  });

  it('closes the dialog', async () => {
    const { service, authorizer, gate, clock } = await startSlow();
    authorizer.dialog = true;
    authorizer.meanwhile = () => gate.pass();
    const refused = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    clock.advance(dialogShownAfterMs);
    await settle();
    await service.callMethod(cancel(operations(service)[0]?.path ?? ''));
    expect(authorizer.asked[0]?.cancelled?.aborted).toBe(true);
    gate.open();
    // It was granted in the same moment.
    expect(await refused).toEqual(failure('RolledBack'));
    expect(states(service)).toEqual(['rolled-back']);
  });

  it('undoes what was done, after the step that has begun', async () => {
    const { service, gate, uuids } = await startSlow();
    const undone = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    await service.callMethod(cancel(operations(service)[0]?.path ?? ''));
    expect(states(service)).toEqual(['running']);
    gate.open();
    expect(await undone).toMatchObject({ code: 'RolledBack', message: expect.stringContaining('was cancelled') });
    expect(stepsOf(service, 0)).toEqual(['define-mdev undone', 'start-mdev skipped']);
    expect(await uuids()).toEqual([]);
  });

  it('is shown at once, told once, and no failure in the log', async () => {
    const { service, gate, signals, log } = await startSlow();
    const undone = outcome(service.callMethod(create(vgpuUuid, ':1.9', id('wanted'))));
    await settle();
    const path = operations(service)[0]?.path ?? '';
    expect(operations(service)[0]?.CancelRequested).toBe(false);
    const before = signals.length;
    await service.callMethod(cancel(path));
    await service.callMethod(cancel(path));
    expect(operations(service)[0]).toMatchObject({ State: 'running', CancelRequested: true });
    expect(signals.slice(before)).toMatchObject([
      { path, body: { values: [name, { CancelRequested: { signature: 'b', value: true } }, []] } },
    ]);
    const waiting = outcome(service.callMethod(create(otherUuid, ':1.9', id('second'))));
    await settle();
    await service.callMethod(cancel(operations(service)[1]?.path ?? ''));
    gate.open();
    await Promise.all([undone, waiting]);
    expect(operations(service)).toMatchObject([
      { State: 'rolled-back', CancelRequested: true },
      { State: 'rolled-back', CancelRequested: true },
    ]);
    // Information has no error behind its text.
    expect(log.lines.toSorted()).toEqual([
      'operation second was cancelled before anything was done',
      'operation wanted was cancelled, and everything that was done was undone',
    ]);
  });

  it('that comes too late is shown beside what is done', async () => {
    const { service, gate } = await startSlow();
    const start = { start: { signature: 'b', value: false } };
    const made = service.callMethod(create(vgpuUuid, ':1.9', start));
    await settle();
    await service.callMethod(cancel(operations(service)[0]?.path ?? ''));
    gate.open();
    await made;
    expect(operations(service)).toMatchObject([{ State: 'done', CancelRequested: true }]);
  });

  it('names what it could not undo', async () => {
    const { service, gate, host } = await startSlow();
    const undone = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    await service.callMethod(cancel(operations(service)[0]?.path ?? ''));
    host.failNext('nodeDevices', 'undefine', new DeviceError('DeviceBusy', 'held'));
    gate.open();
    expect(await undone).toMatchObject({ code: 'InvalidState', details: { notUndone: ['define-mdev'] } });
    expect(states(service)).toEqual(['failed']);
    expect(stepsOf(service, 0)).toEqual(['define-mdev left', 'start-mdev skipped']);
  });

  it('is what counts when its caller leaves while the host is read: it is made for nobody else either', async () => {
    const { service, host, reading, leave } = await startUnread();
    const both = [':1.9', ':1.10'].map((sender) => outcome(service.callMethod(create(vgpuUuid, sender, id('a')))));
    await settle();
    await service.callMethod(cancel(operations(service)[0]?.path ?? ''));
    leave(':1.9');
    reading.open();
    expect(await Promise.all(both)).toEqual([failure('RolledBack'), failure('RolledBack')]);
    expect(states(service)).toEqual(['rolled-back']);
    expect((await host.nodeDevices.list()).mdevs).toEqual([]);
  });

  it('is refused when it is over, and for what never was', async () => {
    const { service } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid));
    const over = cancel(operations(service)[0]?.path ?? '');
    await expect(service.callMethod(over)).rejects.toThrow(failure('InvalidState'));
    await expect(service.callMethod(cancel('/me/phyllo/Vgpu1/operation/9'))).rejects.toThrow(failure('NotFound'));
  });

  it('asks nobody of another user when it is over', async () => {
    const { service, authorizer } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid));
    authorizer.asked.length = 0;
    authorizer.decision = 'challenge';
    const over = cancel(operations(service)[0]?.path ?? '', ':1.2000');
    await expect(service.callMethod(over)).rejects.toThrow(failure('InvalidState'));
    expect(authorizer.asked).toEqual([]);
  });

  it('needs of another user what the change needs', async () => {
    const { service, authorizer, gate, uuids } = await startSlow();
    const made = service.callMethod(create(vgpuUuid));
    await settle();
    const path = operations(service)[0]?.path ?? '';
    const before = authorizer.asked.length;
    authorizer.decision = 'denied';
    await expect(service.callMethod(cancel(path, ':1.2000'))).rejects.toThrow(failure('NotAuthorized'));
    authorizer.decision = 'challenge';
    await expect(service.callMethod(cancel(path, ':1.2000'))).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
    });
    // Nobody has refused one who has left.
    authorizer.decision = 'left';
    await expect(service.callMethod(cancel(path, ':1.2000'))).rejects.toThrow(failure('Unavailable'));
    expect(authorizer.asked.slice(before).map(({ sender, action, details }) => [sender, action, details])).toEqual(
      Array.from({ length: 3 }, () => [
        ':1.2000',
        'me.phyllo.vgpu1.manage-vgpus',
        { 'vgpu.uuid': vgpuUuid, 'parent.name': '0000:00:02.0' },
      ]),
    );
    authorizer.decision = 'granted';
    await service.callMethod(cancel(path, ':1.2000'));
    gate.open();
    expect(await outcome(made)).toEqual(failure('RolledBack'));
    expect(await uuids()).toEqual([]);
  });

  it('of another user is not asked about any more when the operation is over', async () => {
    const { service, authorizer, gate } = await startSlow();
    const made = service.callMethod(create(vgpuUuid));
    await settle();
    const dialog = new Gate();
    authorizer.meanwhile = () => dialog.pass();
    const path = operations(service)[0]?.path ?? '';
    const cancelled = outcome(service.callMethod(cancel(path, ':1.2000')));
    await settle();
    expect(authorizer.asked.at(-1)?.cancelled?.aborted).toBe(false);
    gate.open();
    await made;
    expect(authorizer.asked.at(-1)?.cancelled?.aborted).toBe(true);
    authorizer.decision = 'denied';
    dialog.open();
    expect(await cancelled).toEqual(failure('InvalidState'));
  });

  it('of another user is refused for the end of the service, while polkit is asked, as that', async () => {
    const { service, authorizer, gate } = await startSlow();
    const made = outcome(service.callMethod(create(vgpuUuid)));
    await settle();
    const check = new Gate();
    authorizer.meanwhile = () => check.pass();
    authorizer.decision = 'denied';
    const cancelled = outcome(service.callMethod(cancel(operations(service)[0]?.path ?? '', ':1.2000')));
    await settle();
    const stopped = service.stop();
    check.open();
    expect(await cancelled).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('stopping') });
    gate.open();
    await Promise.all([made, stopped]);
  });

  it('needs of another user also what the change needs by the time that he may', async () => {
    const { service, authorizer, gate, host } = await startSlow();
    const owner = new Gate();
    const off = { start: { signature: 'b', value: false } };
    const first = service.callMethod(create(vgpuUuid, ':1.9', off));
    const second = outcome(service.callMethod(domainCall('Start', ':1.10')));
    await settle();
    authorizer.answer = ({ sender, action }) =>
      sender === ':1.2000' && action === 'me.phyllo.vgpu1.manage-vgpus' ? 'denied' : undefined;
    authorizer.meanwhile = async () => {
      // While the stranger answers, the change has its turn: its machine has got a vGPU, for which its owner is asked.
      authorizer.meanwhile = () => owner.pass();
      host.behindItsBack(({ domains }) => domains.set(domainUuid, domainWith([vgpuUuid])), { event: false });
      gate.open();
      await settle();
      authorizer.meanwhile = () => undefined;
    };
    const path = operations(service)[1]?.path ?? '';
    await expect(service.callMethod(cancel(path, ':1.2000'))).rejects.toThrow(failure('NotAuthorized'));
    expect(authorizer.asked.filter(({ sender }) => sender === ':1.2000').map(({ action }) => action)).toEqual([
      'me.phyllo.vgpu1.manage-domains',
      'me.phyllo.vgpu1.manage-vgpus',
    ]);
    owner.open();
    await first;
    expect(await second).toBeUndefined();
    expect(states(service)).toEqual(['done', 'done']);
  });
});
