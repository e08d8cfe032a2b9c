// SPDX-License-Identifier: LGPL-2.1-or-later
import {
  emptyReading,
  parseParentName,
  parsePciAddress,
  parseUuid,
  readAgain,
  readInventory,
  type Domain,
} from '@vgpu/core';
import { describe, expect, it } from 'vitest';
import { typedInterfaces } from '../host/properties.js';
import { toWire } from '../host/outgoing.js';
import {
  domainPath,
  domainUuid,
  gpuPath,
  hostFile,
  makeDomain,
  makeHost,
  pciPath,
  storedMdev,
  vgpuPath,
  vgpuUuid,
} from '../testing/hosts.js';
import { buildObjects, ObjectBuilder } from './build-objects.js';
import type { ManagerState } from './manager.js';

const manager: ManagerState = {
  version: '1',
  libvirtUri: 'qemu:///system',
  libvirtVersion: '9.0.0',
  mdevctlVersion: undefined,
  connected: true,
  stale: false,
  lastRefreshUsec: 0n,
};

async function publish(domains: readonly Domain[] = [makeDomain()], file = hostFile) {
  return buildObjects(await readInventory(makeHost(domains, file)), manager);
}

const mdev = { ...storedMdev, active: true, autostart: true };
const hostdev = { kind: 'mdev', uuid: vgpuUuid, model: 'vfio-pci', display: false, ramfb: false } as const;

async function consoleOf(active: Domain['active']) {
  const objects = await publish([makeDomain({ state: 'running', active })]);
  return objects.get(domainPath)?.['me.phyllo.Vgpu1.Domain']?.Console;
}

describe('buildObjects', () => {
  it('publishes a GPU, its types and its parent by their own paths', async () => {
    const objects = await publish();
    expect(objects.get(gpuPath)?.['me.phyllo.Vgpu1.Gpu']).toMatchObject({
      DisplayName: '0000:00:02.0',
      PciDevice: pciPath,
      Parents: [pciPath],
      RenderNode: 'renderD128',
      Types: ['1', '2', '4', '8'].map((n) => `${gpuPath}/type/i915_2dGVTg_5fV5_5f${n}`),
    });
    expect(objects.get(`${gpuPath}/type/i915_2dGVTg_5fV5_5f4`)?.['me.phyllo.Vgpu1.VgpuType']).toMatchObject({
      TypeId: 'i915-GVTg_V5_4',
      DisplayName: 'i915-GVTg_V5_4',
      AvailableInstances: 5,
      LowGraphicsMemoryMiB: 128,
      HighGraphicsMemoryMiB: 512,
      ResolutionWidth: 1920,
      ResolutionHeight: 1200,
      Weight: 4,
      FramebufferMiB: 0,
    });
    const pci = objects.get(pciPath);
    expect(pci?.['me.phyllo.Vgpu1.PciDevice']).toMatchObject({
      ClassId: 0x030000,
      VendorId: 0x8086,
      BootVga: true,
      NumaNode: -1,
    });
    expect(pci?.['me.phyllo.Vgpu1.MdevParent']?.AvailableInstances).toEqual({
      'i915-GVTg_V5_1': 1,
      'i915-GVTg_V5_2': 2,
      'i915-GVTg_V5_4': 5,
      'i915-GVTg_V5_8': 7,
    });
  });

  it('publishes a parent that is no PCI device', async () => {
    const objects = await publish();
    expect(objects.get('/me/phyllo/Vgpu1/gpu/mtty')?.['me.phyllo.Vgpu1.Gpu']).toMatchObject({
      DisplayName: 'mtty',
      PciDevice: '/',
      Parents: ['/me/phyllo/Vgpu1/parent/mtty'],
    });
    expect(objects.get('/me/phyllo/Vgpu1/parent/mtty')?.['me.phyllo.Vgpu1.MdevParent']).toMatchObject({
      Name: 'mtty',
      Gpu: '/me/phyllo/Vgpu1/gpu/mtty',
      AvailableInstances: { 'mtty-2': 12 },
    });
  });

  it('makes one GPU of the virtual functions that are parents, and adds their instances up', async () => {
    const inventory = await readInventory(makeHost([], hostFile));
    const types = [...inventory.parents.values()][0]?.types ?? [];
    const addresses = ['3b:00.4', '3b:00.5'].map(parsePciAddress);
    const physicalFunction = parsePciAddress('3b:00.0');
    const device = [...inventory.pciDevices.values()][0];
    if (device === undefined) throw new Error('no device');
    const objects = buildObjects(
      {
        ...inventory,
        pciDevices: new Map(addresses.map((address) => [address, { ...device, address, physicalFunction }])),
        parents: new Map(
          addresses.map((address) => {
            const name = address as unknown as (typeof types)[number]['parent'];
            return [name, { name, pciAddress: address, types }];
          }),
        ),
      },
      manager,
    );
    const gpu = objects.get('/me/phyllo/Vgpu1/gpu/0000_3b_00_0')?.['me.phyllo.Vgpu1.Gpu'];
    expect(gpu?.Parents).toEqual(['/me/phyllo/Vgpu1/pci/0000_3b_00_4', '/me/phyllo/Vgpu1/pci/0000_3b_00_5']);
    expect(gpu?.Types).toHaveLength(types.length);
    const first = objects.get(gpu?.Types[0] ?? '')?.['me.phyllo.Vgpu1.VgpuType'];
    expect(first?.AvailableInstances).toBe(2 * (types[0]?.availableInstances ?? 0));
  });

  it('links a vGPU with its machines: stored ones in Domains, the running one in InUseBy', async () => {
    const stored = makeDomain();
    const devices = stored.inactive;
    if (devices === undefined) throw new Error('not stored');
    const withVgpu = { ...devices, hostdevs: [hostdev] };
    const running = makeDomain({
      uuid: parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22'),
      name: 'server',
      state: 'running',
      active: { ...withVgpu, console: { type: 'pty', path: '/dev/pts/3' } },
    });
    const objects = await publish([{ ...stored, inactive: withVgpu }, running], { ...hostFile, mdevs: [mdev] });
    const runningPath = '/me/phyllo/Vgpu1/domain/b5a0c8de_52cf_4d0f_8a4e_0a6a8b6f7d22';
    expect(objects.get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']).toMatchObject({
      State: 'active',
      Domains: [domainPath],
      InUseBy: runningPath,
      IommuGroup: '/me/phyllo/Vgpu1/iommu_group/2',
      Type: `${gpuPath}/type/i915_2dGVTg_5fV5_5f4`,
    });
    expect(objects.get(domainPath)?.['me.phyllo.Vgpu1.Domain']).toMatchObject({
      Vgpus: [vgpuPath],
      PendingRestart: false,
      Console: { type: { signature: 's', value: 'pty' } },
    });
    expect(objects.get(runningPath)?.['me.phyllo.Vgpu1.Domain']).toMatchObject({
      Vgpus: [],
      PendingRestart: true,
      Console: { path: { signature: 's', value: '/dev/pts/3' } },
    });
  });

  it('shows the console of a running machine as it is, not the one stored for its next start', async () => {
    const stored = makeDomain().inactive;
    if (stored === undefined) throw new Error('not stored');
    expect(await consoleOf({ ...stored, console: undefined })).toEqual({});
    expect(await consoleOf(undefined)).toEqual({ type: { signature: 's', value: 'pty' } });
  });

  it.each([
    ['qemu:///system', 'qemu:///system'],
    ['qemu+ssh://root:secret@host.example:22/system?keyfile=/root/.ssh/id#x', 'qemu+ssh://host.example/system'],
    ['qemu+unix:///system?socket=/run/secret', 'qemu+unix:///system'],
    ['qemu+ext:///system?command=/bin/secret', 'qemu+ext:///system'],
    ['qemu+tls://[fe80::1]/system', 'qemu+tls://[fe80::1]/system'],
    ['test:///default', 'test:///default'],
    ['root:secret@host', ''],
    ['qemu+ssh://user:sec/ret@host/system', ''],
    ['', ''],
  ])('shows of the URI %s only %s', async (libvirtUri, shown) => {
    const objects = buildObjects(await readInventory(makeHost()), { ...manager, libvirtUri });
    expect(objects.get('/me/phyllo/Vgpu1/manager')?.['me.phyllo.Vgpu1.Manager']?.LibvirtUri).toBe(shown);
  });

  it('makes anew only what changed, and the same as for the first time', async () => {
    const withVgpu = makeDomain({ inactive: { hostdevs: [hostdev], videos: [], graphics: [], console: undefined } });
    const host = makeHost([withVgpu, makeDomain({ uuid: parseUuid('b5a0c8de-52cf-4d0f-8a4e-0a6a8b6f7d22') })], {
      ...hostFile,
      mdevs: [{ ...mdev, active: false }],
    });
    const builder = new ObjectBuilder();
    let reading = await readAgain(host, emptyReading, 'some');
    let before = builder.build(reading.inventory, manager);
    const id = { uuid: vgpuUuid, parent: parseParentName('0000:00:02.0') };
    const renamed = makeDomain({ name: 'renamed' });
    const changes: readonly [() => Promise<void> | void, readonly string[]][] = [
      [() => undefined, []],
      [
        () => host.nodeDevices.start(id),
        [
          pciPath,
          vgpuPath,
          '/me/phyllo/Vgpu1/iommu_group/2',
          ...['4', '8'].map((n) => `${gpuPath}/type/i915_2dGVTg_5fV5_5f${n}`),
        ],
      ],
      [() => host.nodeDevices.setAutostart(id, false), [vgpuPath]],
      [() => host.behindItsBack(({ domains }) => domains.set(renamed.uuid, renamed)), [domainPath, vgpuPath]],
      [() => host.nodeDevices.undefine(id), [vgpuPath]],
    ];
    for (const [change, expected] of changes) {
      await change();
      reading = await readAgain(host, reading, 'some');
      const after = builder.build(reading.inventory, manager);
      expect(after).toEqual(buildObjects(await readInventory(host), manager));
      const made = [...after].filter(([path, object]) => before.get(path) !== object).map(([path]) => path);
      expect(made.toSorted()).toEqual([...expected].toSorted());
      before = after;
    }
  });

  it('keeps the name of a parent that is missing', async () => {
    const host = makeHost([], { ...hostFile, mdevs: [{ ...mdev, active: false }] });
    host.unplugParent('0000:00:02.0');
    const objects = buildObjects(await readInventory(host), manager);
    expect(objects.get(vgpuPath)?.['me.phyllo.Vgpu1.Vgpu']).toMatchObject({
      State: 'parent-missing',
      Parent: '/',
      Gpu: '/',
      Type: '/',
      ParentName: '0000:00:02.0',
    });
  });

  it.each([
    ['stored', { state: 'shut-off' } as const],
    ['running', { state: 'running', inactive: undefined } as const],
  ])('names what a %s machine has and nobody knows, once, and not what there is', async (_how, changes) => {
    const gone = parseUuid('11111111-2222-4333-8444-555555555555');
    const stored = makeDomain().inactive;
    if (stored === undefined) throw new Error('not stored');
    const devices = { ...stored, hostdevs: [hostdev, { ...hostdev, uuid: gone }, { ...hostdev, uuid: gone }] };
    const domain = makeDomain(
      changes.state === 'running' ? { ...changes, active: devices } : { ...changes, inactive: devices },
    );
    for (const active of [true, false]) {
      const objects = await publish([domain], { ...hostFile, mdevs: [{ ...mdev, active }] });
      expect(objects.get(domainPath)?.['me.phyllo.Vgpu1.Domain']).toMatchObject({
        Vgpus: [vgpuPath],
        MissingVgpus: [gone],
      });
    }
    expect((await publish()).get(domainPath)?.['me.phyllo.Vgpu1.Domain']?.MissingVgpus).toEqual([]);
  });

  it('shows a name exactly where all of it can be seen', async () => {
    const objects = await publish([makeDomain({ name: ' web  server ' })]);
    expect(objects.get(domainPath)?.['me.phyllo.Vgpu1.Domain']?.Name).toBe(' web  server ');
  });

  it('shows texts of strangers without control characters, and everything can be sent', async () => {
    const name = 'evil\0name\u202e\nsecond line';
    const domain = makeDomain({ uuid: domainUuid, name, title: '\u001b[31mred', osId: 'x'.repeat(5000) });
    const objects = await publish([domain], {
      ...hostFile,
      mdevs: [{ ...mdev, attributes: [['assign\0', 'a\u0007b']] }],
      parents: hostFile.parents.map((parent) =>
        parent.capacity.model === 'time-sliced'
          ? {
              ...parent,
              capacity: {
                ...parent.capacity,
                types: [
                  {
                    id: 'constructor',
                    name: 'a\0b',
                    description: 'one\0\ntwo',
                    deviceApi: 'vfio-pci',
                    maxInstances: 1,
                  },
                ],
              },
            }
          : parent,
      ),
    });
    const shown = objects.get(domainPath)?.['me.phyllo.Vgpu1.Domain'];
    expect(shown?.Name).toBe('evil name second line');
    expect(shown?.Title).toBe('[31mred');
    expect(shown?.OsId.length).toBeLessThanOrEqual(128);
    expect(objects.get('/me/phyllo/Vgpu1/gpu/mtty/type/constructor')?.['me.phyllo.Vgpu1.VgpuType']).toMatchObject({
      Name: 'a b',
      Description: 'one\ntwo',
    });
    const all = Object.fromEntries([...objects].map(([path, object]) => [path, typedInterfaces(object)]));
    expect(() => toWire('a{oa{sa{sv}}}', [all], (signature, value) => ({ signature, value }))).not.toThrow();
  });
});
