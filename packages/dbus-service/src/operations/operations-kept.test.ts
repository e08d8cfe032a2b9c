// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import type { Service } from '../service.js';
import { create, domainCall, Gate, outcome, startSlow } from '../testing/calls.js';
import { makeHost, vgpuUuid } from '../testing/hosts.js';
import { cancel, operations, otherUuid } from '../testing/operations.js';
import { settle, startService } from '../testing/service.js';
import { dialogShownAfterMs } from './operation.js';
import { maxOperations, maxOperationsPerUser } from './operations.js';

const failure = (code: string) => expect.objectContaining({ code });
const start = (sender: string) => domainCall('Start', sender);

/** The last elements of the paths, oldest first. */
const numbers = (service: Service) => operations(service).map(({ path }) => Number(path.split('/').at(-1)));

describe('the path of an operation', () => {
  it('grows, and is never that of an earlier run', async () => {
    const runs: number[] = [];
    for (const startedMs of [1_795_000_000_000, 1_795_000_000_001]) {
      const { service } = await startService(makeHost(), startedMs);
      for (let index = 0; index < 3; index += 1) await outcome(service.callMethod(start(':1.9')));
      runs.push(...numbers(service));
    }
    expect(new Set(runs).size).toBe(6);
    expect(runs).toEqual(runs.toSorted((a, b) => a - b));
    expect(runs.every((number) => Number.isSafeInteger(number))).toBe(true);
  });

  it('of an earlier run cancels nothing', async () => {
    const earlier = await startService(makeHost(), 1_795_000_000_000);
    await earlier.service.callMethod(create(vgpuUuid));
    const stale = operations(earlier.service)[0]?.path ?? '';
    const { service, gate, uuids } = await startSlow(1_795_000_000_100);
    const made = service.callMethod(create(vgpuUuid));
    await settle();
    await expect(service.callMethod(cancel(stale))).rejects.toThrow(failure('NotFound'));
    gate.open();
    await made;
    expect(await uuids()).toEqual([vgpuUuid]);
  });
});

describe('the number of operations', () => {
  it('is bounded for each user: the oldest that are over go', async () => {
    const { service } = await startService(makeHost());
    for (let index = 0; index < maxOperationsPerUser + 3; index += 1) {
      await outcome(service.callMethod(start(':1.9')));
    }
    expect(operations(service)).toHaveLength(maxOperationsPerUser);
    expect(numbers(service)[0]).toBe(4);
  });

  it('is bounded for each user: what was refused goes before what was made', async () => {
    const { service, authorizer, clock } = await startService(makeHost());
    await service.callMethod(create(vgpuUuid, ':1.9'));
    authorizer.dialog = true;
    authorizer.decision = 'denied';
    for (let index = 0; index < maxOperationsPerUser + 3; index += 1) {
      const gate = new Gate();
      authorizer.meanwhile = () => gate.pass();
      const refused = outcome(service.callMethod(start(':1.9')));
      await settle();
      clock.advance(dialogShownAfterMs);
      await settle();
      gate.open();
      await refused;
    }
    expect(operations(service)).toHaveLength(maxOperationsPerUser);
    expect(operations(service)[0]).toMatchObject({ Kind: 'Gpu.CreateVgpu', State: 'done' });
  });

  it('is that of what clients have seen: calls that are refused before that drive out nothing', async () => {
    const { service, authorizer } = await startService(makeHost());
    for (let index = 0; index < maxOperationsPerUser; index += 1) await outcome(service.callMethod(start(':1.9')));
    const before = operations(service);
    const check = new Gate();
    authorizer.decision = 'challenge';
    authorizer.meanwhile = () => check.pass();
    const refused = Array.from({ length: maxOperationsPerUser }, (_, index) =>
      outcome(service.callMethod(start(`:1.${100 + index}`))),
    );
    await settle();
    check.open();
    await Promise.all(refused);
    expect(operations(service)).toEqual(before);
  });

  it('is bounded for all: calls that are being looked at keep nobody else out', async () => {
    const { service, authorizer } = await startService(makeHost());
    const check = new Gate();
    authorizer.answer = ({ sender }) => (sender === ':1.9' ? 'granted' : 'challenge');
    authorizer.meanwhile = () => (authorizer.asked.at(-1)?.sender === ':1.9' ? undefined : check.pass());
    const users = maxOperations / maxOperationsPerUser;
    const looked = Array.from({ length: maxOperations }, (_, index) =>
      outcome(service.callMethod(start(`:${2000 + (index % users)}.${index + 1}`))),
    );
    await settle();
    expect(await outcome(service.callMethod(start(':1.9')))).toBeUndefined();
    check.open();
    await Promise.all(looked);
  });

  it('is bounded for all also where more were begun together, as soon as they are over', async () => {
    const { service, gate, authorizer } = await startSlow();
    const check = new Gate();
    authorizer.meanwhile = () => check.pass();
    const users = 2 * (maxOperations / maxOperationsPerUser);
    const calls = Array.from({ length: 2 * maxOperations }, (_, index) =>
      outcome(service.callMethod(start(`:${2000 + (index % users)}.${index + 1}`))),
    );
    await settle();
    check.open();
    gate.open();
    await Promise.all(calls);
    expect(operations(service)).toHaveLength(maxOperations);
  });

  it('is bounded for those that are not over: no more are accepted', async () => {
    const { service, gate } = await startSlow();
    const calls = Array.from({ length: maxOperationsPerUser }, (_, index) =>
      outcome(service.callMethod(create(vgpuUuid, `:1.${100 + index}`))),
    );
    await settle();
    await expect(service.callMethod(create(vgpuUuid, ':1.9'))).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.LimitsExceeded',
    });
    const other = service.callMethod(create(otherUuid, ':1.2000'));
    gate.open();
    await Promise.all([...calls, other]);
  });

  it('is bounded for all, also while none is over: no more are accepted, and none is lost', async () => {
    const { service, gate } = await startSlow();
    const users = maxOperations / maxOperationsPerUser;
    const calls = Array.from({ length: maxOperations - 1 }, (_, index) =>
      outcome(service.callMethod(create(vgpuUuid, `:${2000 + (index % users)}.${index + 1}`))),
    );
    await settle();
    const before = operations(service);
    expect(before).toHaveLength(maxOperations - 1);
    const last = outcome(service.callMethod(create(otherUuid, ':1.9')));
    await settle();
    await expect(service.callMethod(create(otherUuid, ':1.9'))).rejects.toMatchObject({
      errorName: 'org.freedesktop.DBus.Error.LimitsExceeded',
    });
    expect(operations(service)).toEqual([...before, expect.objectContaining({ CallerUid: 1000 })]);
    gate.open();
    expect(await last).toBeUndefined();
    await Promise.all(calls);
    // There is room again.
    await service.callMethod(start(':1.9'));
    expect(operations(service)).toHaveLength(maxOperations);
  });

  it('is bounded for all: those of whoever has most go first', async () => {
    const { service } = await startService(makeHost());
    await outcome(service.callMethod(start(':1.9')));
    const users = maxOperations / maxOperationsPerUser;
    for (let user = 0; user < users; user += 1) {
      for (let index = 0; index < maxOperationsPerUser; index += 1) {
        await outcome(service.callMethod(start(`:1.${2000 + user}`)));
      }
    }
    expect(operations(service)).toHaveLength(maxOperations);
    expect(operations(service)[0]?.CallerUid).toBe(1000);
  });
});
