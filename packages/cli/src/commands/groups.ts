// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { formatGroups, formatGroupsJson, type IommuGroupMembers } from '../format/groups.js';
import type { Objects } from '../service/objects.js';
import { listedObjects, remarkNothing } from './listed-objects.js';

export interface GroupsOptions {
  readonly json?: boolean;
}

/** Every IOMMU group and what is in it; nothing on a host without an IOMMU. */
export async function run(options: GroupsOptions, context: Context): Promise<number> {
  const objects = await listedObjects(context);
  const groups = listGroups(objects);
  context.print(options.json ? formatGroupsJson(groups) : formatGroups(groups));
  if (groups.length === 0) remarkNothing(objects, context, 'this host has no IOMMU groups');
  return 0;
}

function listGroups(objects: Objects): IommuGroupMembers[] {
  const devices = objects.all(interfaces.pciDevice);
  const vgpus = objects.all(interfaces.vgpu);
  return objects.all(interfaces.iommuGroup).map((group) => ({
    number: group.Number,
    pciDevices: devices
      .filter((device) => device.IommuGroup === group.path)
      .map((device) => ({
        address: device.Address,
        classId: device.ClassId,
        className: device.ClassName,
        vendorId: device.VendorId,
        vendorName: device.VendorName,
        productId: device.ProductId,
        productName: device.ProductName,
        revision: device.Revision,
        driver: device.Driver,
      })),
    vgpus: vgpus
      .filter((vgpu) => vgpu.IommuGroup === group.path)
      .map((vgpu) => ({ uuid: vgpu.Uuid, typeId: vgpu.TypeId, parentName: vgpu.ParentName })),
  }));
}
