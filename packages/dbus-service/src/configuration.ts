// SPDX-License-Identifier: LGPL-2.1-or-later

export interface Configuration {
  /** A libvirt URI can start programs: it comes from the unit's environment only. */
  readonly libvirtUri: string;
  /** Where node devices are; undefined: libvirt-adapter's choice. */
  readonly nodeDeviceUri: string | undefined;
  /** As the D-Bus specification writes it. */
  readonly busAddress: string;
  /** Where `sys`, `usr` and `var` are. */
  readonly root: string;
}

/** VGPUD_LIBVIRT_URI, VGPUD_NODE_DEVICE_URI, VGPUD_BUS_ADDRESS and VGPUD_ROOT; empty is absent. */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
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
  };
}
