// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostFile } from '@vgpu/core/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readHostFile, startEmulatedHost, type EmulatedHost } from './index.js';
import { eventually, run } from './testing.js';

const parent = '0000:00:02.0';
const device = `/sys/devices/pci0000:00/${parent}`;
const types = `${device}/mdev_supported_types`;
const prefix = 'i915-GVTg_V5_';

/** Distinct, but always the same. */
function uuidOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function nodeDeviceOf(uuid: string): string {
  return `mdev_${uuid.replaceAll('-', '_')}_0000_00_02_0`;
}

/** Writes as echo would and gives the error that the writer saw; empty when the kernel took it. */
async function write(host: EmulatedHost, path: string, text: string): Promise<string> {
  const { stderr } = await host.exec('bash', ['-c', 'echo "$1" > "$2"', 'bash', text, path]);
  return stderr.trim().split(': ').at(-1) ?? '';
}

const create = (host: EmulatedHost, type: string, uuid: string) =>
  write(host, `${types}/${prefix}${type}/create`, uuid);

const hosts: EmulatedHost[] = [];

/** Only the kernel unless more is asked for: that takes a fraction of a second. */
async function start(file: HostFile, ...services: 'libvirtd'[]): Promise<EmulatedHost> {
  const host = await startEmulatedHost(file, { services });
  hosts.push(host);
  return host;
}

let seedPage: HostFile;

beforeAll(() => {
  seedPage = { ...readHostFile('seed-page'), domains: [] };
});

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

describe("the emulated kernel's answers to writers", () => {
  it('refuses what is no UUID, a UUID that is there, and the instance after the last', async () => {
    const host = await start(seedPage);
    expect(await create(host, '1', 'no-uuid')).toBe('Invalid argument');
    expect(await create(host, '1', uuidOf(1))).toBe('');
    expect(await create(host, '4', uuidOf(1))).toBe('File exists');
    expect(await create(host, '1', uuidOf(2))).toBe('No space left on device');
    expect(await write(host, `${device}/${uuidOf(1)}/remove`, 'x')).toBe('Invalid argument');
    expect(await write(host, `${device}/${uuidOf(1)}/remove`, '1')).toBe('');
    expect((await host.kernelState()).mdevs).toEqual([]);
  });

  it('refuses to remove a busy device until it is free', async () => {
    const host = await start(seedPage);
    await create(host, '4', uuidOf(1));
    await host.control({ command: 'busy', uuid: uuidOf(1) });
    const stop = ['stop', '-u', uuidOf(1)];
    expect(await host.exec('mdevctl', stop)).toMatchObject({ status: 1, stderr: expect.stringMatching(/busy/) });
    await host.control({ command: 'free', uuid: uuidOf(1) });
    await run(host, 'mdevctl', stop);
  });

  it('fails the next writes with any errno', async () => {
    const host = await start(seedPage);
    await host.control({ command: 'fail', errno_name: 'EPERM', count: 2 });
    expect(await create(host, '4', uuidOf(1))).toBe('Operation not permitted');
    expect(await create(host, '4', uuidOf(1))).toBe('Operation not permitted');
    expect(await create(host, '4', uuidOf(1))).toBe('');
  });

  it('shows a wrong count when told to, so that the refusal is the kernel’s own', async () => {
    const host = await start(seedPage);
    await create(host, '1', uuidOf(1));
    const startSecond = ['start', '-u', uuidOf(2), '-p', parent, '--type', `${prefix}1`];
    expect((await host.exec('mdevctl', startSecond)).stderr).toContain('No available instances');
    await host.control({ command: 'lie', parent, type: `${prefix}1`, count: 1 });
    expect((await host.exec('mdevctl', startSecond)).stderr).toContain('os error 28');
  });

  it('gives the last instance to exactly one of four writers', async () => {
    const host = await start(seedPage);
    const indexes = [1, 2, 3, 4];
    const script = indexes.map((index) => `(echo ${uuidOf(index)} > ${types}/${prefix}1/create) 2>/dev/null &`);
    await run(host, '/bin/sh', ['-c', `${script.join('\n')}\nwait`]);
    expect((await host.kernelState()).mdevs).toHaveLength(1);
  });

  it('answers a held writer at its release, when the device has long been there', async () => {
    const host = await start(seedPage);
    await host.control({ command: 'hold' });
    const writer = create(host, '4', uuidOf(1));
    await eventually('a writer is held', async () => expect((await host.kernelState()).heldWriters).toBe(1));
    expect(await run(host, 'ls', ['/sys/bus/mdev/devices'])).toBe(`${uuidOf(1)}\n`);
    await host.control({ command: 'release' });
    expect(await writer).toBe('');
  });

  it('ends although a writer is held', async () => {
    const host = await start(seedPage);
    await host.control({ command: 'hold' });
    const writer = create(host, '4', uuidOf(1));
    await eventually('a writer is held', async () => expect((await host.kernelState()).heldWriters).toBe(1));
    await host.stop();
    await writer;
  });
});

describe('capacity', () => {
  it.each([
    [256, { 4: 1, 8: 2 }],
    [512, { 2: 1, 4: 3, 8: 6 }],
    [1024, { 1: 1, 2: 2, 4: 5, 8: 7 }],
    [2048, { 1: 0, 2: 1, 4: 3, 8: 4 }],
  ])('of GVT-g with an aperture of %i MiB is the measured one', async (apertureMiB, expected) => {
    const capacity = { model: 'gvt-g', typePrefix: prefix, apertureMiB } as const;
    const host = await start({ ...seedPage, parents: [{ name: parent, capacity }] });
    const script = `cd ${types} && grep -H . */available_instances`;
    const counts = (await run(host, '/bin/sh', ['-c', script])).trim().split('\n');
    const shown = counts.map((line) => /^.*V5_(\d)\/available_instances:(\d+)$/.exec(line)?.slice(1).map(Number));
    expect(Object.fromEntries(shown as [number, number][])).toEqual(expected);
  });

  it('of all GVT-g types sinks together', async () => {
    const host = await start(seedPage);
    await create(host, '2', uuidOf(1));
    await create(host, '4', uuidOf(2));
    const { available } = await host.kernelState();
    // 1024 MiB: 896 low and 2688 high at first; 384 and 1536 are taken.
    expect(available[parent]).toEqual({ [`${prefix}8`]: 3, [`${prefix}4`]: 2, [`${prefix}2`]: 1, [`${prefix}1`]: 0 });
  });

  it('of a homogeneous time-sliced GPU excludes the other types of this GPU only', async () => {
    const host = await start({ ...readHostFile('nvidia-time-sliced'), domains: [] });
    const { available } = await host.kernelState();
    expect(available['0000:3b:00.0']).toMatchObject({ 'nvidia-231': 7, 'nvidia-222': 0 });
    expect(available['0000:5e:00.0']).toMatchObject({ 'nvidia-231': 8, 'nvidia-222': 16 });
  });
});

describe('IOMMU groups of mdevs', () => {
  it('take the lowest free number and give it back', async () => {
    const host = await start(seedPage);
    await create(host, '8', uuidOf(1));
    await create(host, '8', uuidOf(2));
    await create(host, '8', uuidOf(3));
    await write(host, `${device}/${uuidOf(2)}/remove`, '1');
    await create(host, '8', uuidOf(4));
    const groups = (await host.kernelState()).mdevs.map(({ uuid, iommuGroup }) => [uuid, iommuGroup]);
    expect(groups).toEqual([
      [uuidOf(1), 17],
      [uuidOf(3), 19],
      [uuidOf(4), 18],
    ]);
    expect(await run(host, 'ls', ['/dev/vfio'])).toBe('17\n18\n19\nvfio\n');
  });
});

describe('a parent', () => {
  it('is unplugged with its devices and comes back, and libvirt follows', async () => {
    const host = await start(seedPage, 'libvirtd');
    const nodeDevices = () => run(host, 'virsh', ['nodedev-list', '--all']);
    await run(host, 'mdevctl', ['define', '-u', uuidOf(1), '-p', parent, '--type', `${prefix}4`]);
    await run(host, 'mdevctl', ['start', '-u', uuidOf(1)]);
    await eventually('libvirt knows the mdev', async () =>
      expect(await nodeDevices()).toContain(nodeDeviceOf(uuidOf(1))),
    );
    await host.control({ command: 'unplug', parent });
    await eventually('the GPU is gone', async () => expect(await nodeDevices()).not.toContain('pci_0000_00_02_0'));
    expect(await run(host, 'ls', ['/sys/bus/mdev/devices'])).toBe('');
    await expect(host.control({ command: 'unplug', parent })).rejects.toThrow('no parent that is plugged in');
    await host.control({ command: 'plug', parent });
    await eventually('the GPU and the definition are back', async () => {
      expect(await nodeDevices()).toContain('pci_0000_00_02_0');
      expect(await run(host, 'virsh', ['nodedev-info', nodeDeviceOf(uuidOf(1))])).toMatch(/Active: +no/);
    });
    expect(await run(host, 'cat', [`${types}/${prefix}4/available_instances`])).toBe('5\n');
  });

  it('is gone at once for whoever has just read its files, and new when it comes back', async () => {
    const host = await start(seedPage);
    const files = `/sys/bus/pci/devices/${parent}/vendor ${types}/${prefix}4/device_api`;
    const look = () => run(host, 'sh', ['-c', `cat ${files} 2>/dev/null; cat ${types}/${prefix}4/available_instances`]);
    const before = await look();
    expect(before.split('\n')).toEqual(['0x8086', 'vfio-pci', '5', '']);
    await host.control({ command: 'unplug', parent });
    expect(await run(host, 'sh', ['-c', `ls -d ${files} /sys/bus/pci/devices/${parent} 2>/dev/null || true`])).toBe('');
    await host.control({ command: 'plug', parent });
    expect(await look()).toBe(before);
  });

  it('may be no PCI device', async () => {
    const type = { id: 'mtty-2', name: 'Dual port serial', deviceApi: 'vfio-pci', maxInstances: 12 } as const;
    const capacity: HostFile['parents'][number]['capacity'] = {
      model: 'time-sliced',
      homogeneous: false,
      types: [type],
    };
    const host = await start({ ...seedPage, parents: [{ name: 'mtty', capacity }] }, 'libvirtd');
    expect(await run(host, 'virsh', ['nodedev-list', '--cap', 'mdev_types'])).toBe('mtty_mtty\n\n');
    await run(host, 'mdevctl', ['start', '-u', uuidOf(1), '-p', 'mtty', '--type', 'mtty-2']);
    await eventually('libvirt knows the mdev', async () =>
      expect(await run(host, 'virsh', ['nodedev-list', '--cap', 'mdev'])).toContain('_mtty\n'),
    );
  });
});

describe('uevents', () => {
  it('are lost when told so: libvirt does not see the device', async () => {
    const host = await start(seedPage, 'libvirtd');
    await host.control({ command: 'dropUevents', count: 2 }); // add and bind
    await create(host, '4', uuidOf(1));
    await create(host, '4', uuidOf(2));
    const list = () => run(host, 'virsh', ['nodedev-list', '--cap', 'mdev']);
    await eventually('the second is seen', async () => expect(await list()).toContain(nodeDeviceOf(uuidOf(2))));
    expect(await list()).not.toContain(nodeDeviceOf(uuidOf(1)));
  });

  it('come late when told so', async () => {
    const host = await start(seedPage, 'libvirtd');
    // Long enough for the questions in between on a busy machine.
    await host.control({ command: 'delayUevents', ms: 5_000 });
    await create(host, '4', uuidOf(1));
    expect((await host.kernelState()).delayedUevents).toBe(2);
    expect(await run(host, 'virsh', ['nodedev-list', '--cap', 'mdev'])).not.toContain(nodeDeviceOf(uuidOf(1)));
    await eventually('the device is seen', async () =>
      expect(await run(host, 'virsh', ['nodedev-list', '--cap', 'mdev'])).toContain(nodeDeviceOf(uuidOf(1))),
    );
  });
});
