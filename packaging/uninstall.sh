#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Takes away what install.sh installed, and vgpud's state. The user stays: its number may own files elsewhere.
#
#   /usr/lib/vgpud/uninstall.sh
set -eu
root=${DESTDIR:-}
library=$root/usr/lib/vgpud
running=false
[ -n "$root" ] || [ ! -d /run/systemd/system ] || running=true

reload_bus() { busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig; }

if $running; then
  # From now on no caller starts it again.
  rm -f /usr/share/dbus-1/system-services/me.phyllo.Vgpu1.service
  reload_bus
  systemctl --quiet disable --now vgpud.service 2>/dev/null || true
fi
[ ! -f "$library/files" ] || sed '/^#/d' "$library/files" | while read -r _ target; do
  rm -f "$root$target"
done
rm -f "$root/usr/bin/vgpuctl"
rm -rf "$library" "$root/var/lib/vgpud"
if $running; then
  systemctl daemon-reload
  systemctl reset-failed vgpud.service 2>/dev/null || true
  reload_bus
fi
