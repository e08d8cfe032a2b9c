// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostFile } from '@vgpu/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { EmulatedHostError, readHostFile, startEmulatedHost, type EmulatedHost } from './index.js';
import { run } from './testing.js';

const hosts: EmulatedHost[] = [];

async function start(file: HostFile, ...services: 'libvirtd'[]): Promise<EmulatedHost> {
  const host = await startEmulatedHost(file, { services });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

describe('what the host file says is there when the host is ready', () => {
  it('mediated devices: active, inactive and transient ones', async () => {
    const nvidia = readHostFile('nvidia-time-sliced');
    const parent = '0000:5e:00.0';
    const transient = '0d9a1c3e-44c3-4f0e-9c55-6a4f8a1d0003';
    const more = { uuid: transient, parent, type: 'nvidia-234', active: true, persistent: false, autostart: false };
    const host = await start({ ...nvidia, mdevs: [...nvidia.mdevs, more] }, 'libvirtd');
    const info = async (uuid: string, on: string) => {
      const name = `mdev_${uuid}_${on}`.replaceAll(/[-:.]/g, '_');
      const text = await run(host, 'virsh', ['nodedev-info', name]);
      return ['Active', 'Persistent', 'Autostart'].map((key) => RegExp(`${key}: +(\\w+)`).exec(text)?.[1]).join(' ');
    };
    expect(await info(nvidia.mdevs[0]?.uuid ?? '', '0000:3b:00.0')).toBe('yes yes yes');
    expect(await info(nvidia.mdevs[1]?.uuid ?? '', '0000:3b:00.0')).toBe('no yes no');
    expect(await info(transient, parent)).toBe('yes no no');
  });

  it('domains: running and autostarted ones', async () => {
    const seedPage = readHostFile('seed-page');
    const [phyllome, server] = seedPage.domains as [HostFile['domains'][0], HostFile['domains'][0]];
    const domains = [
      { ...phyllome, running: true },
      { ...server, autostart: true },
    ];
    const host = await start({ ...seedPage, domains }, 'libvirtd');
    expect(await run(host, 'virsh', ['list', '--name'])).toBe('phyllome\n\n');
    expect(await run(host, 'virsh', ['list', '--all', '--autostart', '--name'])).toBe('server\n\n');
    expect(await run(host, 'virsh', ['dumpxml', 'server', '--security-info'])).toContain("passwd='s3cret'");
  });

  it('a mistake in it is the error of the tool that finds it', async () => {
    const noIommu = readHostFile('no-iommu');
    const domains: HostFile['domains'] = [{ xml: ['<domain>', '<name>broken</name><uuid>none</uuid></domain>'] }];
    const failure = startEmulatedHost({ ...noIommu, domains });
    await expect(failure).rejects.toThrow(EmulatedHostError);
    await expect(failure).rejects.toThrow(/virsh .*failed: error: /);
    const seedPage = readHostFile('seed-page');
    const uuid = '7686131b-b229-4768-a02c-35d1dbed7c66';
    const mdev = { uuid, parent: '0000:00:02.0', active: true, persistent: true, autostart: false };
    const mdevs = [{ ...mdev, type: 'i915-GVTg_V5_3' }];
    await expect(startEmulatedHost({ ...seedPage, mdevs }, { services: [] })).rejects.toThrow(/mdevctl start .*failed/);
  });
});
