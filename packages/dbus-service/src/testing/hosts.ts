// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ManagerState } from '../objects/manager.js';
import { parseUuid, type Domain, type DomainDevices } from '@vgpu/core';
import { InMemoryHost, type HostFile } from '@vgpu/core/testing';

export const gpuPath = '/me/phyllo/Vgpu1/gpu/0000_00_02_0';
export const pciPath = '/me/phyllo/Vgpu1/pci/0000_00_02_0';
export const vgpuUuid = parseUuid('7686131b-b229-4768-a02c-35d1dbed7c66');
export const vgpuPath = '/me/phyllo/Vgpu1/vgpu/7686131b_b229_4768_a02c_35d1dbed7c66_0000_00_02_0';
export const domainUuid = parseUuid('2f6d3f3e-6f2c-4b0b-9a39-5c0f6f5b8c11');
export const domainPath = '/me/phyllo/Vgpu1/domain/2f6d3f3e_6f2c_4b0b_9a39_5c0f6f5b8c11';

/** A GVT-g GPU with 1024 MiB aperture beside a bridge, and mtty, which is no PCI device. */
export const hostFile: HostFile = {
  version: 1,
  name: 'service-test',
  description: 'Made up for the tests of dbus-service',
  kernel: { release: '6.1.0', commandLine: '', cpuModel: '', modules: [], config: {} },
  pciDevices: [
    {
      address: '0000:00:02.0',
      vendor: '0x8086',
      device: '0x193b',
      class: '0x030000',
      revision: '0x09',
      driver: 'i915',
      iommuGroup: 0,
      bootVga: true,
      drm: { card: 'card0', render: 'renderD128' },
    },
    { address: '0000:00:00.0', vendor: '0x8086', device: '0x1910', class: '0x060000', revision: '0x0a', iommuGroup: 1 },
  ],
  parents: [
    { name: '0000:00:02.0', capacity: { model: 'gvt-g', typePrefix: 'i915-GVTg_V5_', apertureMiB: 1024 } },
    {
      name: 'mtty',
      capacity: {
        model: 'time-sliced',
        homogeneous: false,
        types: [{ id: 'mtty-2', name: 'Dual port serial', deviceApi: 'vfio-pci', maxInstances: 12 }],
      },
    },
  ],
  mdevs: [],
  domains: [],
  disks: [],
};

/** A stored vGPU of the GPU, for a host file. */
export const storedMdev: HostFile['mdevs'][number] = {
  uuid: vgpuUuid,
  parent: '0000:00:02.0',
  type: 'i915-GVTg_V5_4',
  active: false,
  persistent: true,
  autostart: false,
};

const devices: DomainDevices = {
  hostdevs: [],
  videos: [{ model: 'virtio', primary: true, heads: 1, vramKiB: undefined }],
  graphics: [{ type: 'spice', gl: false }],
  console: { type: 'pty', path: undefined },
};

/** A stored, shut off machine. */
export function makeDomain(changes: Partial<Domain> = {}): Domain {
  return {
    uuid: domainUuid,
    name: 'phyllome',
    title: '',
    osId: '',
    state: 'shut-off',
    persistent: true,
    autostart: false,
    hasManagedSave: false,
    inactive: devices,
    active: undefined,
    rememberedVideos: undefined,
    ...changes,
  };
}

export function makeHost(domains: readonly Domain[] = [makeDomain()], file: HostFile = hostFile): InMemoryHost {
  return new InMemoryHost(file, { domains });
}

/** A service that is connected, with all that it shows current. */
export const managerState: ManagerState = {
  version: '1',
  libvirtUri: 'qemu:///system',
  libvirtVersion: undefined,
  mdevctlVersion: undefined,
  connected: true,
  stale: false,
  lastRefreshUsec: 0n,
};
