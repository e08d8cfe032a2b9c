// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import { describe, expect, it } from 'vitest';
import { answering, properties } from '../testing/fake-service.js';
import { run as domains } from './domains.js';
import { run as groups } from './groups.js';
import { run as list } from './list.js';
import { run as types } from './types.js';

const terminal = { interactive: false, open: () => Promise.reject(new Error('the terminal was used')) };
const LastRefresh = BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1000n;
const base = { MdevctlVersion: '1.4.0', LibvirtUri: 'qemu:///system', LastRefresh, Connected: true };
const parent = { '/p': { [interfaces.mdevParent]: properties(interfaces.mdevParent, { Name: '0000:00:02.0' }) } };

function host(manager: Readonly<Record<string, unknown>>, others = {}) {
  const published = properties(interfaces.manager, { ...base, ...manager });
  return answering({ managed: { [managerPath]: { [interfaces.manager]: published }, ...others } }, terminal);
}

describe('what is listed while the host cannot be read', () => {
  it.each([
    ['groups', groups],
    ['types', types],
    ['list', list],
    ['domains', domains],
  ])('is remarked beside the output of %s, with its time', async (_name, run) => {
    const fresh = host({}, parent);
    const stale = host({ Stale: true, Connected: false }, parent);
    expect(await run({}, fresh.context)).toBe(0);
    expect(await run({}, stale.context)).toBe(0);
    expect(stale.printed()).toBe(fresh.printed());
    const text = 'libvirt at qemu:///system cannot be reached: this is what was last seen at 2026-01-02T03:04:05.000Z';
    expect(stale.remarks).toEqual([text]);
  });

  it.each([
    [{ Connected: false, LastRefresh: 0n }, 'libvirt at qemu:///system cannot be reached: nothing has been seen yet'],
    [{}, 'the host could not be read again: this is what was last seen at 2026-01-02T03:04:05.000Z'],
  ])('is told as it is: %o', async (manager, text) => {
    const { context, remarks } = host({ ...manager, Stale: true });
    await groups({}, context);
    expect(remarks).toEqual([text]);
  });
});

describe('a listing of nothing', () => {
  it('is remarked for groups and types, beside the output that it has anyway', async () => {
    const { context, remarks, printed } = host({ MdevctlVersion: '1.2.0' });
    expect([await groups({}, context), await types({}, context)]).toEqual([0, 0]);
    expect(printed()).toBe('\n');
    expect(remarks).toEqual(['this host has no IOMMU groups', 'this host has no device that can make vGPUs']);
  });

  it('names the devices that make vGPUs where another was asked for', async () => {
    const { context, remarks } = host({}, parent);
    await types({ parent: '00:03.0' }, context);
    expect(remarks).toEqual(['0000:00:03.0 is no device of this host that can make vGPUs: these can: 0000:00:02.0']);
  });

  it('is no news for list', async () => {
    const { context, remarks } = host({}, parent);
    await list({}, context);
    expect(remarks).toEqual([]);
  });
});
