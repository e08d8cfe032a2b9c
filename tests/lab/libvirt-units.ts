// SPDX-License-Identifier: LGPL-2.1-or-later

/** systemd's units of libvirtd: without its sockets nobody starts it again. */
export const libvirtdUnits = ['libvirtd.socket', 'libvirtd-ro.socket', 'libvirtd-admin.socket', 'libvirtd.service'];
