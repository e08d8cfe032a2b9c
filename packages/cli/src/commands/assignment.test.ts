// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { answering, dictionary, properties } from '../testing/fake-service.js';
import { run as assign } from './assign.js';
import { run as unassign } from './unassign.js';

const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
const vgpuPath = '/me/phyllo/Vgpu1/vgpu/7686131b_b229_4768_a02c_35d1dbed7c66_0000_00_02_0';
const domain = { '/d': { [interfaces.domain]: properties(interfaces.domain, { Uuid: uuid, Name: 'fedora' }) } };
const vgpu = { [interfaces.vgpu]: properties(interfaces.vgpu, { Uuid: uuid, ParentName: '0000:00:02.0' }) };
const terminal = { interactive: false, open: () => Promise.reject(new Error('the terminal was used')) };
const shown = [dictionary({ id: 'assign-mdev', severity: 'info', message: 'one' })];
const other = [...shown, dictionary({ id: 'note', severity: 'warning', message: 'two' })];

describe.each([
  ['assign', assign, `${uuid} is assigned to fedora\n`],
  ['unassign', unassign, `${uuid} is no longer assigned to fedora\n`],
] as const)('%s', (_, run, end) => {
  it('says no more where what was done is what was shown', async () => {
    const { context, printed } = answering(
      { managed: { ...domain, [vgpuPath]: vgpu }, preview: ['-a\n+b', shown], change: [shown] },
      terminal,
    );
    expect(await run({ vgpu: uuid, domain: 'fedora' }, context)).toBe(0);
    expect(printed()).toBe(`1. one\n-a\n+b\n${end}`);
  });

  it('says no more either where the service kept the diff to itself before the password', async () => {
    const withheld = dictionary({ id: 'note-diff-withheld', severity: 'info', message: 'no diff' });
    const { context, printed } = answering(
      { managed: { ...domain, [vgpuPath]: vgpu }, preview: ['', [...shown, withheld]], change: [shown] },
      terminal,
    );
    expect(await run({ vgpu: uuid, domain: 'fedora' }, context)).toBe(0);
    expect(printed()).toBe(`1. one\n2. no diff\n${end}`);
  });

  it('says what was done where it is not what was shown', async () => {
    const { context, printed } = answering(
      { managed: { ...domain, [vgpuPath]: vgpu }, preview: ['', shown], change: [other] },
      terminal,
    );
    expect(await run({ vgpu: uuid, domain: 'fedora' }, context)).toBe(0);
    expect(printed()).toBe(
      `1. one\nfedora has changed in between; this was done instead:\n1. one\n2. warning: two\n${end}`,
    );
  });
});

describe('unassign of a vGPU that is gone', () => {
  it.each([
    [uuid, vgpuPath.replace('0000_00_02_0', '')],
    [`${uuid}@0000:00:02.0`, vgpuPath],
    [`${uuid}@mtty`, vgpuPath.replace('0000_00_02_0', 'mtty')],
  ])('names it by the path it would have: %s', async (reference, path) => {
    const { context, changes } = answering({ managed: domain, change: [[]] }, terminal);
    await unassign({ vgpu: reference, domain: 'fedora' }, context);
    expect(changes).toStrictEqual([['UnassignVgpu', path]]);
  });

  it('does not reach for one under another parent', async () => {
    const { context, changes } = answering({ managed: { ...domain, [vgpuPath]: vgpu } }, terminal);
    const refused = unassign({ vgpu: `${uuid}@mtty`, domain: 'fedora' }, context);
    await expect(refused).rejects.toMatchObject({ code: 'NotFound' });
    expect(changes).toStrictEqual([]);
  });
});
