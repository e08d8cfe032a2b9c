// SPDX-License-Identifier: LGPL-2.1-or-later
import type { HostFactsPort, ListedParent, ListedPciDevice, MdevTypeFacts, MdevTypeId, PciFacts } from '@vgpu/core';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPackageVersion } from './package-version.js';
import { readPciIds, type PciIds } from './pci-ids.js';

export interface SysfsHostFactsOptions {
  /** Where `sys`, `usr` and `var` are; default `/`. */
  readonly root?: string;
}

/**
 * Facts from sysfs (kernel: Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-vfio-mdev), the PCI ID database and the
 * package database below one root. The PCI ID database is read once, everything else each time.
 */
export class SysfsHostFacts implements HostFactsPort {
  readonly #root: string;
  #pciIds: Promise<PciIds> | undefined;

  constructor({ root = '/' }: SysfsHostFactsOptions = {}) {
    this.#root = root;
  }

  async pciFacts(device: ListedPciDevice): Promise<PciFacts> {
    const path = join(this.#root, 'sys/bus/pci/devices', device.address);
    this.#pciIds ??= readPciIds(
      ['usr/share/misc/pci.ids', 'usr/share/hwdata/pci.ids'].map((file) => join(this.#root, file)),
    );
    const [pciIds, revision, bootVga, renderNode] = await Promise.all([
      this.#pciIds,
      readAttribute(path, 'revision'),
      readAttribute(path, 'boot_vga'),
      findRenderNode(path),
    ]);
    return {
      revision: toByte(revision),
      bootVga: bootVga === '1',
      renderNode,
      className: pciIds.className(device.classId),
      vendorName: pciIds.vendorName(device.vendorId),
      productName: pciIds.productName(device.vendorId, device.productId),
    };
  }

  async mdevTypeFacts(parent: ListedParent, typeId: MdevTypeId): Promise<MdevTypeFacts> {
    const path = join(this.#root, 'sys/class/mdev_bus', parent.name, 'mdev_supported_types', typeId);
    const [name, description] = await Promise.all([readAttribute(path, 'name'), readAttribute(path, 'description')]);
    return { name, description };
  }

  async mdevctlVersion(): Promise<string | undefined> {
    return await readPackageVersion(this.#root, 'mdevctl');
  }
}

/** Without the final line break; undefined when it cannot be read or is empty. */
async function readAttribute(folder: string, name: string): Promise<string | undefined> {
  try {
    const text = (await readFile(join(folder, name), 'utf8')).replace(/\n+$/, '');
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

async function findRenderNode(path: string): Promise<string | undefined> {
  try {
    return (await readdir(join(path, 'drm'))).find((name) => /^renderD\d+$/.test(name));
  } catch {
    return undefined;
  }
}

function toByte(text: string | undefined): number | undefined {
  return text !== undefined && /^0x[0-9a-f]{1,2}$/i.test(text) ? Number(text) : undefined;
}
