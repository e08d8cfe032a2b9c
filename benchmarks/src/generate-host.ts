// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostFile } from '@vgpu/core/testing';

type PciDevice = HostFile['pciDevices'][number];
type Mdev = HostFile['mdevs'][number];
type Parent = HostFile['parents'][number];
type TimeSlicedTypes = Extract<Parent['capacity'], { model: 'time-sliced' }>['types'];

/** The root of the tree and the loopback interface: libvirt has them on every host. */
const alwaysThere = 2;
const smallest = 10;
const vgpusOfGpu = 32;
const functionsForEachVgpu = 3;
/** Each GPU is on a bus of its own, and bus 0 has the bridges. */
const gpusAtMost = 255;

const types: TimeSlicedTypes = [
  toType('nvidia-557', 'NVIDIA A40-1B', 1024, 2 * vgpusOfGpu),
  toType('nvidia-558', 'NVIDIA A40-2B', 2048, 24),
  toType('nvidia-559', 'NVIDIA A40-4Q', 4096, 12),
  toType('nvidia-560', 'NVIDIA A40-48Q', 49152, 1),
];

/**
 * A host on which libvirt finds this many node devices. Behind every bridge are a GPU with up to 32 stored vGPUs, and
 * three functions of a network adapter for each of them. There is room for as many vGPUs again.
 * libvirt 9.0 runs mdevctl once for each parent and reads all definitions each time, so that parents cost most.
 * Throws RangeError below 10 devices, or when they need more buses than there are.
 */
export function generateHost(nodeDevices: number): HostFile {
  if (nodeDevices < smallest) throw new RangeError(`a host of ${nodeDevices} node devices is too small to measure`);
  const pciDevices: PciDevice[] = [];
  const parents: Parent[] = [];
  const mdevs: Mdev[] = [];
  const left = (): number => nodeDevices - alwaysThere - pciDevices.length - mdevs.length;
  const add = (device: Omit<PciDevice, 'iommuGroup'>): void => {
    if (left() > 0) pciDevices.push({ ...device, iommuGroup: pciDevices.length });
  };
  for (let gpu = 0; left() > 0; gpu++) {
    if (gpu === gpusAtMost) throw new RangeError(`a host of ${nodeDevices} node devices needs more than 255 buses`);
    const upstreamPort = `0000:00:${hex(gpu >> 3)}.${gpu & 7}`;
    add({ ...bridge, address: upstreamPort });
    if (left() === 0) break;
    const bus = `0000:${hex(gpu + 1)}`;
    const parent = `${bus}:00.0`;
    add({ ...graphics, address: parent, upstreamPort });
    parents.push({ name: parent, capacity: { model: 'time-sliced', homogeneous: true, types } });
    for (let vgpu = 0; vgpu < vgpusOfGpu && left() > 0; vgpu++) {
      const uuid = vgpuUuid(mdevs.length);
      mdevs.push({ uuid, parent, type: types[0].id, active: false, persistent: true, autostart: false });
      for (let index = 0; index < functionsForEachVgpu; index++) {
        const number = 8 + vgpu * functionsForEachVgpu + index;
        add({ ...networkFunction, address: `${bus}:${hex(number >> 3)}.${number & 7}`, upstreamPort });
      }
    }
  }
  return {
    version: 1,
    name: `bench-${nodeDevices}`,
    description: `Generated: ${nodeDevices} node devices, of which ${mdevs.length} vGPUs on ${parents.length} GPUs.`,
    kernel: {
      release: '6.1.0-31-amd64',
      commandLine: 'BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on',
      cpuModel: 'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz',
      modules: ['nvidia_vgpu_vfio', 'nvidia', 'mdev', 'vfio_iommu_type1', 'vfio'],
      config: { CONFIG_VFIO_MDEV: 'm' },
    },
    pciDevices,
    parents,
    mdevs,
    domains: [],
    disks: [],
  };
}

/** The stored vGPUs that a benchmark makes active before libvirt starts: every second one, beginning with the first. */
export function activeVgpus(host: HostFile): readonly Mdev[] {
  return host.mdevs.filter((_, index) => index % 2 === 0);
}

/** A UUID that no generated host has. */
export function spareUuid(index: number): string {
  return vgpuUuid(0x1_0000_0000 + index);
}

const bridge = {
  vendor: '0x8086',
  device: '0x347a',
  class: '0x060400',
  revision: '0x04',
  driver: 'pcieport',
} as const satisfies Partial<PciDevice>;

const graphics = {
  vendor: '0x10de',
  device: '0x2235',
  class: '0x030200',
  revision: '0xa1',
  subsystemVendor: '0x10de',
  subsystemDevice: '0x145a',
  driver: 'nvidia',
  numaNode: 0,
} as const satisfies Partial<PciDevice>;

const networkFunction = {
  vendor: '0x15b3',
  device: '0x101e',
  class: '0x020000',
  revision: '0x00',
  subsystemVendor: '0x15b3',
  subsystemDevice: '0x0016',
  driver: 'vfio-pci',
  numaNode: 0,
} as const satisfies Partial<PciDevice>;

function toType(id: string, name: string, framebuffer: number, maxInstances: number): TimeSlicedTypes[number] {
  const description = `num_heads=4, frl_config=60, framebuffer=${framebuffer}M, max_resolution=7680x4320`;
  return { id, name, deviceApi: 'vfio-pci', description, maxInstances };
}

function vgpuUuid(index: number): string {
  return `5f2d7a10-3c41-4b8e-9d00-${index.toString(16).padStart(12, '0')}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
