// SPDX-License-Identifier: LGPL-2.1-or-later

import { parseArgs } from 'node:util';

export interface Configuration {
  /** A libvirt URI can start programs: it comes from the unit's environment only. */
  readonly libvirtUri: string;
  /** Where node devices are; undefined: libvirt-adapter's choice. */
  readonly nodeDeviceUri: string | undefined;
  /** As the D-Bus specification writes it. */
  readonly busAddress: string;
  /** Where `sys`, `usr` and `var` are. */
  readonly root: string;
  /** After how long without use it ends, in milliseconds; undefined: never. */
  readonly idleMs: number | undefined;
}

const maxIdleMs = 24 * 60 * 60 * 1000;

/**
 * `--exit-when-idle SECONDS` (decimals are allowed), and the variables VGPUD_LIBVIRT_URI, VGPUD_NODE_DEVICE_URI, VGPUD_BUS_ADDRESS and VGPUD_ROOT; empty is absent.
 * @throws for other arguments
 */
export function readConfiguration(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Configuration {
  const {
    VGPUD_LIBVIRT_URI: libvirtUri,
    VGPUD_NODE_DEVICE_URI: nodeDeviceUri,
    VGPUD_BUS_ADDRESS: busAddress,
    VGPUD_ROOT: root,
    DBUS_SYSTEM_BUS_ADDRESS: systemBusAddress,
  } = environment;
  return {
    libvirtUri: libvirtUri || 'qemu:///system',
    nodeDeviceUri: nodeDeviceUri || undefined,
    busAddress: busAddress || systemBusAddress || 'unix:path=/run/dbus/system_bus_socket',
    root: root || '/',
    idleMs: readIdleMs(args),
  };
}

function readIdleMs(args: readonly string[]): number | undefined {
  const options = { 'exit-when-idle': { type: 'string' } } as const;
  const { 'exit-when-idle': seconds } = parseArgs({ args: [...args], options }).values;
  if (seconds === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : 0;
  if (ms < 1 || ms > maxIdleMs) throw new Error(`--exit-when-idle ${seconds}: a number of seconds up to a day`);
  return ms;
}
