// SPDX-License-Identifier: LGPL-2.1-or-later
import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.js';
import { parseMdevTypeId, parseParentName } from '../identity/device-names.js';
import { parseUuid } from '../identity/uuid.js';
import { InMemoryHost } from './in-memory-host.js';
import { diffLines } from './in-memory/line-diff.js';
import { sampleDevices, sampleDomain, sampleHostdev, sampleHostFile, sampleMdev } from './samples.js';

const uuid = parseUuid(sampleMdev().uuid);
const id = { uuid, parent: parseParentName('0000:00:02.0') };
const scripted = new DeviceError('Internal', 'scripted');

describe('InMemoryHost', () => {
  it('fails the next call only, in the order of the script', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]));
    const other = new DeviceError('TimedOut', 'scripted');
    host.failNext('nodeDevices', 'start', scripted);
    host.failNext('nodeDevices', 'start', other, { applied: true });
    await expect(host.nodeDevices.start(id)).rejects.toBe(scripted);
    expect((await host.nodeDevices.list()).mdevs).toMatchObject([{ active: false }]);
    await expect(host.nodeDevices.start(id)).rejects.toBe(other);
    expect((await host.nodeDevices.list()).mdevs).toMatchObject([{ active: true }]);
  });

  it('is unavailable while it is not connected, and says so', async () => {
    const host = new InMemoryHost(sampleHostFile());
    const seen: boolean[] = [];
    host.events.onStatus(({ connected }) => seen.push(connected));
    host.setConnected(false);
    await expect(host.nodeDevices.list()).rejects.toMatchObject({ code: 'Unavailable' });
    expect(host.events.status().connected).toBe(false);
    host.setConnected(true);
    await expect(host.nodeDevices.list()).resolves.toBeDefined();
    expect(seen).toEqual([false, true]);
  });

  it('lets others change it, with and without an event', async () => {
    const host = new InMemoryHost(sampleHostFile());
    let changes = 0;
    const unsubscribe = host.events.onChange(() => {
      changes += 1;
    });
    host.behindItsBack(({ domains }) => domains.set(sampleDomain().uuid, sampleDomain()), { event: false });
    expect(await host.domains.list()).toHaveLength(1);
    expect(changes).toBe(0);
    host.behindItsBack(({ domains }) => domains.clear());
    expect(await host.domains.list()).toHaveLength(0);
    expect(changes).toBe(1);
    unsubscribe();
    host.behindItsBack(() => {});
    await host.domains.list();
    expect(changes).toBe(1);
  });

  it('refuses to stop what a running domain has: DeviceBusy, nothing changes', async () => {
    const active = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
    const domains = [sampleDomain({ state: 'running', active })];
    const host = new InMemoryHost(sampleHostFile([sampleMdev({ active: true })]), { domains });
    const before = await host.nodeDevices.list();
    await expect(host.nodeDevices.stop(id)).rejects.toMatchObject({ code: 'DeviceBusy' });
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it('stores no active transient mdev as another type: InvalidState, nothing changes', async () => {
    const host = new InMemoryHost(sampleHostFile([sampleMdev({ active: true, persistent: false })]));
    const before = await host.nodeDevices.list();
    const definition = { ...id, typeId: parseMdevTypeId('i915-GVTg_V5_8'), attributes: [] };
    await expect(host.nodeDevices.define(definition)).rejects.toMatchObject({ code: 'InvalidState' });
    expect(await host.nodeDevices.list()).toEqual(before);
  });

  it('starts no domain whose vGPU is not active or not free', async () => {
    const inactive = sampleDevices({ hostdevs: [sampleHostdev(uuid)] });
    const first = sampleDomain({ inactive });
    const second = sampleDomain({ inactive, uuid: parseUuid('99999999-2222-4333-8444-555555555555') });
    const host = new InMemoryHost(sampleHostFile([sampleMdev()]), { domains: [first, second] });
    await expect(host.domains.start(first.uuid)).rejects.toMatchObject({ code: 'InvalidState' });
    await host.nodeDevices.start(id);
    await host.domains.start(first.uuid);
    await expect(host.domains.start(first.uuid)).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(host.domains.start(second.uuid)).rejects.toMatchObject({ code: 'DeviceBusy' });
  });

  it('loses a transient domain when it ends, and refuses to change its definition', async () => {
    const transient = sampleDomain({
      persistent: false,
      inactive: undefined,
      active: sampleDevices(),
      state: 'running',
    });
    const host = new InMemoryHost(sampleHostFile(), { domains: [transient] });
    await expect(host.domains.preview(transient.uuid, [])).rejects.toMatchObject({ code: 'InvalidState' });
    await expect(host.domains.nativeCommand(transient.uuid)).rejects.toMatchObject({ code: 'InvalidState' });
    await host.domains.forceOff(transient.uuid);
    expect(await host.domains.list()).toEqual([]);
  });

  it('keeps time-sliced siblings apart', async () => {
    const types = [
      { id: 'nvidia-63', name: 'GRID M10-1Q', deviceApi: 'vfio-pci', maxInstances: 8, description: 'num_heads=4' },
      { id: 'nvidia-64', deviceApi: 'vfio-pci', maxInstances: 4 },
    ] as const;
    const capacity = { model: 'time-sliced' as const, homogeneous: true, types: types as never };
    const mdevs = [sampleMdev({ type: 'nvidia-63', active: true })];
    const host = new InMemoryHost({ ...sampleHostFile(mdevs), parents: [{ name: id.parent, capacity }] });
    const [parent] = (await host.nodeDevices.list()).parents;
    expect(parent?.types.map(({ availableInstances }) => availableInstances)).toEqual([7, 0]);
    const facts =
      parent === undefined ? undefined : await host.facts.mdevTypeFacts(parent, parseMdevTypeId('nvidia-63'));
    expect(facts).toEqual({ name: 'GRID M10-1Q', description: 'num_heads=4' });
  });

  it('knows no parent to take out that is not there', () => {
    const host = new InMemoryHost(sampleHostFile());
    expect(() => host.unplugParent('0000:99:00.0')).toThrow(expect.objectContaining({ code: 'NotFound' }));
    expect(() => host.plugParent('0000:00:02.0')).toThrow(expect.objectContaining({ code: 'NotFound' }));
  });

  it('answers nothing after close', async () => {
    const host = new InMemoryHost(sampleHostFile());
    await host.close();
    await expect(host.domains.list()).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index}`);
}

/** Hunk headers when two removed lines have so many equal ones between them. */
function hunksWithGap(gap: number): readonly string[] | null {
  const after = numbered(30).filter((line) => line !== 'line 5' && line !== `line ${6 + gap}`);
  return diffLines(numbered(30), after, 'x').match(/^@@.*@@$/gm);
}

describe('diffLines', () => {
  it('is empty for equal texts', () => {
    expect(diffLines(numbered(5), numbered(5), 'x')).toBe('');
  });

  it('shows three lines around a change, as diff -u does', () => {
    const after = numbered(20).map((line) => (line === 'line 10' ? 'changed' : line));
    expect(diffLines(numbered(20), after, 'x').split('\n')).toEqual([
      '--- x',
      '+++ x',
      '@@ -8,7 +8,7 @@',
      ' line 7',
      ' line 8',
      ' line 9',
      '-line 10',
      '+changed',
      ' line 11',
      ' line 12',
      ' line 13',
      '',
    ]);
  });

  it('begins a new hunk where more than six lines are equal', () => {
    expect(hunksWithGap(6)).toEqual(['@@ -3,14 +3,12 @@']);
    expect(hunksWithGap(7)).toEqual(['@@ -3,7 +3,6 @@', '@@ -11,7 +10,6 @@']);
  });

  it('tells additions at the start and at the end', () => {
    expect(diffLines([], ['a'], 'x')).toBe('--- x\n+++ x\n@@ -0,0 +1,1 @@\n+a\n');
    expect(diffLines(['a'], ['a', 'b'], 'x')).toBe('--- x\n+++ x\n@@ -1,1 +1,2 @@\n a\n+b\n');
  });

  it('always holds both texts', () => {
    for (let seed = 1; seed < 60; seed += 1) {
      const before = numbered(12).filter((_, index) => (seed * (index + 3)) % 7 !== 0);
      const after = numbered(12).filter((_, index) => (seed * (index + 5)) % 5 !== 0);
      const body = diffLines(before, after, 'x').split('\n').slice(2, -1);
      const side = (other: string) =>
        body.filter((line) => !line.startsWith('@@') && !line.startsWith(other)).map((l) => l.slice(1));
      expect(before.join('\n')).toContain(side('+').join('\n'));
      expect(after.join('\n')).toContain(side('-').join('\n'));
    }
  });
});
