// SPDX-License-Identifier: LGPL-2.1-or-later
import { interfaces } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { findDomain } from '../service/targets.js';

export interface DomainPowerOptions {
  readonly method: 'Start' | 'Shutdown' | 'ForceOff';
  /** Name or UUID. */
  readonly domain: string;
}

/** Starts a virtual machine, asks it to shut down, or ends it. */
export async function run(options: DomainPowerOptions, context: Context): Promise<number> {
  const service = await context.service();
  const domain = findDomain(await service.objects(), options.domain);
  await service.change({ path: domain.path, interfaceName: interfaces.domain, method: options.method }, []);
  return 0;
}
