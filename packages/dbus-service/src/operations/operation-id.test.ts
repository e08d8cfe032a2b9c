// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError } from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { call, create, Gate, outcome, startSlow } from '../testing/calls.js';
import { makeHost, vgpuPath, vgpuUuid } from '../testing/hosts.js';
import { id, operations, otherUuid, states } from '../testing/operations.js';
import { settle, startService } from '../testing/service.js';
import { dialogShownAfterMs } from './operation.js';
import { operationLifetimeMs } from './operations.js';

const failure = (code: string) => expect.objectContaining({ code });

describe('operation_id', () => {
  it('makes a repeated call wait for the first one, which alone is made', async () => {
    const { service, gate, uuids } = await startSlow();
    const first = service.callMethod(create(vgpuUuid, ':1.9', id('a')));
    const again = service.callMethod(create(vgpuUuid, ':1.10', id('a')));
    await settle();
    expect(operations(service).map(({ Id }) => Id)).toEqual(['a']);
    gate.open();
    expect(await Promise.all([first, again])).toEqual([[vgpuPath], [vgpuPath]]);
    const silent = { ...id('a'), 'auth.no_user_interaction': { signature: 'b', value: true } };
    expect(await service.callMethod(create(vgpuUuid, ':1.11', silent))).toEqual([vgpuPath]);
    expect(await uuids()).toEqual([vgpuUuid]);
    expect(operations(service)).toHaveLength(1);
  });

  it('makes a repeated call go on alone when the first one leaves before its turn, and frees the id', async () => {
    const { service, gate, uuids, leave } = await startSlow();
    const before = service.callMethod(create(vgpuUuid, ':1.8'));
    await settle();
    const first = outcome(service.callMethod(create(otherUuid, ':1.9', id('a'))));
    const again = service.callMethod(create(otherUuid, ':1.10', id('a')));
    await settle();
    leave(':1.9');
    expect(await first).toEqual(failure('Unavailable'));
    gate.open();
    await before;
    const [path] = await again;
    expect(await service.callMethod(create(otherUuid, ':1.11', id('a')))).toEqual([path]);
    expect(await uuids()).toEqual([vgpuUuid, otherUuid]);
  });

  it.each([0, dialogShownAfterMs])(
    'makes a repeated call ask for itself when the first one leaves its dialog after %d ms',
    async (openMs) => {
      const { service, authorizer, clock, uuids, leave } = await startSlow().then((rig) => (rig.gate.open(), rig));
      const dialogs = new Map([':1.9', ':1.10', ':1.11'].map((sender) => [sender, new Gate()]));
      authorizer.dialog = true;
      authorizer.answer = ({ sender }) => (sender === ':1.9' ? 'left' : undefined);
      authorizer.meanwhile = () => dialogs.get(authorizer.asked.at(-1)?.sender ?? '')?.pass();
      const [first, again, third] = [':1.9', ':1.10', ':1.11'].map((sender) =>
        service.callMethod(create(vgpuUuid, sender, id('a'))),
      );
      await settle();
      clock.advance(openMs);
      await settle();
      leave(':1.9');
      dialogs.get(':1.9')?.open();
      expect(await outcome(first ?? Promise.resolve())).toEqual(failure('Unavailable'));
      await settle();
      // The second one is asked now, with its own name, and the third one waits for it.
      expect(authorizer.asked.map(({ sender, interactive }) => [sender, interactive])).toEqual([
        [':1.9', true],
        [':1.10', true],
      ]);
      dialogs.get(':1.10')?.open();
      expect(await Promise.all([again, third])).toEqual([[vgpuPath], [vgpuPath]]);
      expect(await uuids()).toEqual([vgpuUuid]);
      expect(states(service)).toEqual(openMs === 0 ? ['done'] : ['failed', 'done']);
    },
  );

  it('refuses a repeated call for what it may not itself, when the first one has left its dialog', async () => {
    const { service, authorizer, uuids } = await startSlow().then((rig) => (rig.gate.open(), rig));
    const dialog = new Gate();
    authorizer.answer = ({ sender }) => (sender === ':1.9' ? 'left' : 'denied');
    authorizer.meanwhile = () => dialog.pass();
    const first = outcome(service.callMethod(create(vgpuUuid, ':1.9', id('a'))));
    const again = outcome(service.callMethod(create(vgpuUuid, ':1.10', id('a'))));
    await settle();
    dialog.open();
    expect(await Promise.all([first, again])).toEqual([failure('Unavailable'), failure('NotAuthorized')]);
    expect(await uuids()).toEqual([]);
  });

  it('makes a repeated call ask for itself when the first one is refused without a dialog', async () => {
    const { service, authorizer, uuids } = await startSlow().then((rig) => (rig.gate.open(), rig));
    const check = new Gate();
    authorizer.answer = ({ interactive }) => (interactive ? 'granted' : 'challenge');
    authorizer.meanwhile = () => check.pass();
    const silent = { ...id('a'), 'auth.no_user_interaction': { signature: 'b', value: true } };
    const first = outcome(service.callMethod(create(vgpuUuid, ':1.9', silent)));
    const again = service.callMethod(create(vgpuUuid, ':1.10', id('a')));
    await settle();
    check.open();
    expect(await first).toMatchObject({ errorName: expect.stringContaining('InteractiveAuthorizationRequired') });
    expect(await again).toEqual([vgpuPath]);
    expect(await uuids()).toEqual([vgpuUuid]);
  });

  it('makes no repeated call ask somebody who has refused the first one already', async () => {
    const { service, authorizer } = await startSlow();
    const dialog = new Gate();
    authorizer.dialog = true;
    authorizer.decision = 'denied';
    authorizer.meanwhile = () => dialog.pass();
    const both = [':1.9', ':1.10'].map((sender) => outcome(service.callMethod(create(vgpuUuid, sender, id('a')))));
    await settle();
    dialog.open();
    const [first, again] = await Promise.all(both);
    expect(first).toEqual(failure('NotAuthorized'));
    expect(again).toBe(first);
    expect(authorizer.asked).toHaveLength(1);
  });

  it('gives the error again', async () => {
    const host = makeHost();
    const { service } = await startService(host);
    host.failNext('nodeDevices', 'start', new DeviceError('NoAvailableInstances', 'full'));
    const first = await outcome(service.callMethod(create(vgpuUuid, ':1.9', id('a'))));
    expect(first).toEqual(failure('RolledBack'));
    expect(await outcome(service.callMethod(create(vgpuUuid, ':1.9', id('a'))))).toBe(first);
    expect((await host.nodeDevices.list()).mdevs).toEqual([]);
  });

  it('is refused for another call', async () => {
    const { service } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid, ':1.9', id('a')));
    await expect(service.callMethod(create(otherUuid, ':1.9', id('a')))).rejects.toThrow(failure('AlreadyExists'));
    await expect(service.callMethod(call('me.phyllo.Vgpu1.Vgpu', vgpuPath, 'Stop', [id('a')]))).rejects.toThrow(
      failure('AlreadyExists'),
    );
    expect(operations(service)).toHaveLength(1);
  });

  it('is one user’s own: nobody else learns or takes what is behind it', async () => {
    const { service } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid, ':1.9', id('a')));
    expect(await outcome(service.callMethod(create(vgpuUuid, ':1.2000', id('a'))))).toEqual(failure('AlreadyExists'));
    expect(operations(service).map(({ Id, CallerUid }) => [Id, CallerUid])).toEqual([
      ['a', 1000],
      ['a', 2000],
    ]);
  });

  it('is free after a refusal, and when its operation is gone', async () => {
    const { service, authorizer, clock, uuids } = await startSlow().then((rig) => (rig.gate.open(), rig));
    authorizer.decision = 'challenge';
    await outcome(service.callMethod(create(vgpuUuid, ':1.9', id('a'))));
    authorizer.decision = 'granted';
    await service.callMethod(create(vgpuUuid, ':1.9', id('a')));
    clock.advance(operationLifetimeMs);
    await settle();
    await service.callMethod(create(otherUuid, ':1.9', id('a')));
    expect(await uuids()).toEqual([vgpuUuid, otherUuid]);
  });
});
