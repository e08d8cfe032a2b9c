// SPDX-License-Identifier: LGPL-2.1-or-later
import { isPciAddress, type Inventory } from '@vgpu/core';
import type { PublishedObject, PublishedObjects } from '../host/published.js';
import { interfaces, managerPath } from '../protocol/names.js';
import {
  formatDomainPath,
  formatGpuPath,
  formatIommuGroupPath,
  formatParentPath,
  formatPciDevicePath,
  formatVgpuPath,
  formatVgpuTypePath,
} from '../protocol/paths.js';
import { domainProperties } from './domain.js';
import { gpuProperties, vgpuTypeProperties } from './gpu.js';
import { managerProperties, type ManagerState } from './manager.js';
import { iommuGroupProperties, mdevParentProperties, pciDeviceProperties } from './pci.js';
import { Remembered } from './remembered.js';
import { buildTopology, gpuOfParent, isPublished, typeIdsOf, type Topology } from './topology.js';
import { vgpuProperties } from './vgpu.js';

/** One interface of the object at a path. */
interface Part {
  readonly path: string;
  readonly object: PublishedObject;
}

/** Adds a part, made from these objects alone, unless they are the ones that it was made from last. */
type Add = (key: unknown, from: readonly unknown[], make: () => Part) => void;

/** What is published, by kind; a list of what each is made from stands beside it. */
const kinds: readonly ((topology: Topology, manager: ManagerState, add: Add) => void)[] = [
  (_topology, manager, add) =>
    add(managerPath, [manager], () => part(managerPath, { [interfaces.manager]: managerProperties(manager) })),

  (topology, _manager, add) => {
    for (const [device, parents] of topology.parentsByGpu) {
      const pci = isPciAddress(device) ? topology.inventory.pciDevices.get(device) : undefined;
      const vgpus = parents.map((parent) => topology.vgpusByParent.get(parent.name));
      add(device, [pci, parents, ...vgpus], () =>
        part(formatGpuPath(device), { [interfaces.gpu]: gpuProperties(topology, device) }),
      );
    }
  },

  (topology, _manager, add) => {
    for (const [device, parents] of topology.parentsByGpu) {
      for (const typeId of typeIdsOf(parents)) {
        add(`${device} ${typeId}`, [parents], () =>
          part(formatVgpuTypePath(device, typeId), {
            [interfaces.vgpuType]: vgpuTypeProperties(topology, device, typeId),
          }),
        );
      }
    }
  },

  (topology, _manager, add) => {
    for (const device of topology.inventory.pciDevices.values()) {
      add(device.address, [device, topology.domainsByPciDevice.get(device.address)], () =>
        part(formatPciDevicePath(device.address), { [interfaces.pciDevice]: pciDeviceProperties(topology, device) }),
      );
    }
  },

  (topology, _manager, add) => {
    for (const parent of topology.inventory.parents.values()) {
      const gpu = gpuOfParent(topology.inventory, parent);
      add(parent.name, [parent, gpu, topology.vgpusByParent.get(parent.name)], () =>
        part(formatParentPath(parent.name), { [interfaces.mdevParent]: mdevParentProperties(topology, parent) }),
      );
    }
  },

  (topology, _manager, add) => {
    for (const group of topology.inventory.iommuGroups.values()) {
      add(group.number, [group], () =>
        part(formatIommuGroupPath(group.number), { [interfaces.iommuGroup]: iommuGroupProperties(topology, group) }),
      );
    }
  },

  (topology, _manager, add) => {
    const { inventory } = topology;
    for (const [key, vgpu] of inventory.vgpus) {
      if (!isPublished(vgpu)) continue;
      const parent = inventory.parents.get(vgpu.parent);
      const gpu = parent === undefined ? undefined : gpuOfParent(inventory, parent);
      // Of the parent only this: its counts change with every vGPU.
      const type = parent?.types.find(({ typeId }) => typeId === vgpu.typeId);
      add(key, [vgpu, gpu, parent?.name, type?.typeId, type?.name, inventory.domains], () =>
        part(formatVgpuPath(vgpu), { [interfaces.vgpu]: vgpuProperties(topology, vgpu) }),
      );
    }
  },

  (topology, _manager, add) => {
    for (const domain of topology.inventory.domains.values()) {
      add(domain.uuid, [domain, topology.vgpuKeys, topology.inventory.pciDevices], () =>
        part(formatDomainPath(domain.uuid), { [interfaces.domain]: domainProperties(topology, domain) }),
      );
    }
  },
];

function part(path: string, object: PublishedObject): Part {
  return { path, object };
}

/**
 * Makes everything that is published about a host: what it gives depends on its arguments alone. It remembers what it
 * made last: an object that says the same is the same one again, and one made from the same objects is not made anew.
 */
export class ObjectBuilder {
  readonly #remembered = kinds.map(() => new Remembered<unknown, Part>());
  readonly #merged = new Remembered<string, PublishedObject>();
  #topology: Topology | undefined;

  build(inventory: Inventory, manager: ManagerState): PublishedObjects {
    const topology = buildTopology(inventory, this.#topology);
    this.#topology = topology;
    const parts = new Map<string, PublishedObject[]>();
    for (const [index, addAll] of kinds.entries()) {
      this.#remembered[index]?.renew((remember) => {
        addAll(topology, manager, (key, from, make) => {
          const { path, object } = remember(key, from, make);
          const others = parts.get(path);
          if (others === undefined) parts.set(path, [object]);
          else others.push(object);
        });
      });
    }
    return this.#merge(parts);
  }

  /** A PCI device that is a parent has both interfaces. */
  #merge(parts: ReadonlyMap<string, readonly PublishedObject[]>): PublishedObjects {
    const objects = new Map<string, PublishedObject>();
    this.#merged.renew((remember) => {
      for (const [path, made] of parts) {
        const [first, ...others] = made;
        if (first === undefined) continue;
        const merged =
          others.length === 0 ? first : remember(path, made, (): PublishedObject => Object.assign({}, ...made));
        objects.set(path, merged);
      }
    });
    return objects;
  }
}

/** Everything that is published about a host, made for the first time. */
export function buildObjects(inventory: Inventory, manager: ManagerState): PublishedObjects {
  return new ObjectBuilder().build(inventory, manager);
}
