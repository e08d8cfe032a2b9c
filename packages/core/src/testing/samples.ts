// SPDX-License-Identifier: LGPL-2.1-or-later
import { parseUuid } from '../identity/uuid.js';
import type { Domain, DomainDevices, MdevHostdev, Video } from '../model/domain.js';
import type { Uuid } from '../identity/uuid.js';
import type { HostFile, HostFileMdev } from './host-file.js';

/** A small GVT-g machine: one GPU in group 0 with 1024 MiB aperture, its four types, one disk controller. */
export function sampleHostFile(mdevs: readonly HostFileMdev[] = []): HostFile {
  return {
    version: 1,
    name: 'sample',
    description: "The seed page's GPU and one disk, for unit tests.",
    kernel: {
      release: '6.1.0',
      commandLine: 'intel_iommu=on i915.enable_gvt=1',
      cpuModel: '',
      modules: [],
      config: {},
    },
    pciDevices: [
      {
        address: '0000:00:02.0',
        vendor: '0x8086',
        device: '0x193b',
        class: '0x030000',
        revision: '0x09',
        driver: 'i915',
        iommuGroup: 0,
        numaNode: -1,
        bootVga: true,
        drm: { card: 'card0', render: 'renderD128' },
      },
      {
        address: '0000:3d:00.0',
        vendor: '0x144d',
        device: '0xa802',
        class: '0x010802',
        revision: '0x01',
        driver: 'nvme',
        iommuGroup: 15,
      },
    ],
    parents: [{ name: '0000:00:02.0', capacity: { model: 'gvt-g', typePrefix: 'i915-GVTg_V5_', apertureMiB: 1024 } }],
    mdevs: [...mdevs],
    domains: [],
    disks: [{ name: 'nvme0n1', pciDevice: '0000:3d:00.0', mountPoint: '/' }],
  };
}

/** An mdev of a host file: stored, inactive, of type V5_4 under the sample's GPU, but for what is given. */
export function sampleMdev(overrides: Partial<HostFileMdev> = {}): HostFileMdev {
  return {
    uuid: '7686131b-b229-4768-a02c-35d1dbed7c66',
    parent: '0000:00:02.0',
    type: 'i915-GVTg_V5_4',
    active: false,
    persistent: true,
    autostart: false,
    ...overrides,
  };
}

export const sampleVideo: Video = { model: 'virtio', primary: true, heads: 1, vramKiB: undefined };

/** Devices of a domain with one virtio video, spice graphics and a pty console, but for what is given. */
export function sampleDevices(overrides: Partial<DomainDevices> = {}): DomainDevices {
  return {
    hostdevs: [],
    videos: [sampleVideo],
    graphics: [{ type: 'spice', gl: false }],
    console: { type: 'pty', path: undefined },
    ...overrides,
  };
}

/** A stored domain that is shut off, but for what is given. */
export function sampleDomain(overrides: Partial<Domain> = {}): Domain {
  return {
    uuid: parseUuid('c7a5fdbd-edaf-9455-926a-d65c16db1809'),
    name: 'desktop',
    title: '',
    osId: '',
    state: 'shut-off',
    persistent: true,
    autostart: false,
    hasManagedSave: false,
    inactive: sampleDevices(),
    active: undefined,
    rememberedVideos: undefined,
    ...overrides,
  };
}

/** The hostdev the seed page adds: no display, no ramfb. */
export function sampleHostdev(uuid: Uuid): MdevHostdev {
  return { kind: 'mdev', uuid, model: 'vfio-pci', display: false, ramfb: false };
}
