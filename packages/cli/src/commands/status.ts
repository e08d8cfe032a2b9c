// SPDX-License-Identifier: LGPL-2.1-or-later
import { DeviceError, exitStatusByErrorCode } from '@vgpu/core';
import { interfaces, managerPath } from '@vgpu/dbus-service/protocol';
import type { Context } from '../context.js';
import { formatJson, plain } from '../format/escape.js';

export interface StatusOptions {
  readonly json?: boolean;
}

/** Versions and reachability; the exit status is that of Unavailable while libvirt cannot be reached. */
export async function run(options: StatusOptions, context: Context): Promise<number> {
  const objects = await (await context.service()).objects();
  const manager = objects.find(interfaces.manager, managerPath);
  if (manager === undefined) throw new DeviceError('Internal', 'vgpud publishes no manager');
  if (options.json) {
    const value = {
      vgpud: manager.Version,
      libvirt: manager.LibvirtVersion || null,
      mdevctl: manager.MdevctlVersion || null,
      uri: manager.LibvirtUri,
      connected: manager.Connected,
      stale: manager.Stale,
    };
    context.print(`${formatJson(value)}\n`);
  } else {
    const connection = manager.Connected ? 'connected to' : 'not connected to';
    const lines = [
      `vgpud     ${manager.Version}`,
      `libvirt   ${manager.LibvirtVersion || 'unknown version'}, ${connection} ${manager.LibvirtUri}`,
      `mdevctl   ${manager.MdevctlVersion || 'unknown version'}`,
      ...(manager.Stale ? ['The devices and virtual machines are shown as they were last seen.'] : []),
    ];
    context.print(lines.map((line) => `${plain(line)}\n`).join(''));
  }
  return manager.Connected ? 0 : exitStatusByErrorCode.Unavailable;
}
