// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { formatDomains, formatDomainsJson, type ListedDomain } from '../format/domains.js';
import { listedObjects } from './listed-objects.js';

export interface DomainsOptions {
  readonly uuid?: boolean;
  readonly json?: boolean;
}

/** The virtual machines with their vGPUs. */
export async function run(options: DomainsOptions, context: Context): Promise<number> {
  const objects = await listedObjects(context);
  const domains = objects.all(interfaces.domain).map((domain): ListedDomain => ({
    uuid: domain.Uuid,
    name: domain.Name,
    title: domain.Title,
    state: domain.State,
    autostart: domain.Autostart,
    pendingRestart: domain.PendingRestart,
    vgpus: domain.Vgpus.flatMap((path) => {
      const vgpu = objects.find(interfaces.vgpu, path);
      if (vgpu === undefined) return [];
      return [{ uuid: vgpu.Uuid, parentName: vgpu.ParentName, typeId: vgpu.TypeId, active: vgpu.Active }];
    }),
  }));
  context.print(options.json ? formatDomainsJson(domains) : formatDomains(domains, { uuids: options.uuid ?? false }));
  return 0;
}
