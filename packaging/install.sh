#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs vgpud and vgpuctl from this folder; a second time, or over another version, it replaces them. Needs no network.
#
#   ./install.sh
#   DESTDIR=/tmp/root ./install.sh     files only: no user, no running system is touched
#
# Needs on the machine: Node.js 20.19 or newer as /usr/bin/node, libvirt, D-Bus, polkit, systemd. vgpud is not started:
# its first caller starts it.
set -eu
cd "$(dirname "$0")"
root=${DESTDIR:-}

if [ -z "$root" ]; then
  [ "$(id -u)" -eq 0 ] || { echo 'install.sh: only root can install vgpud' >&2; exit 1; }
  [ -x /usr/bin/node ] || { echo 'install.sh: /usr/bin/node is missing; vgpud.service starts it' >&2; exit 1; }
fi

library=$root/usr/lib/vgpud
# What another version had, and this one has not.
[ ! -f "$library/files" ] || sed '/^#/d' "$library/files" | while read -r _ target; do
  grep -q " $target\$" files || rm -f "$root$target"
done
rm -rf "$library.new"
mkdir -p "$library.new" "$root/usr/bin"
cp -R lib/. "$library.new/"
cp LICENSE files uninstall.sh "$library.new/"
chmod -R u=rwX,go=rX "$library.new"
rm -rf "$library"
mv "$library.new" "$library"
ln -sf ../lib/vgpud/vgpuctl.js "$root/usr/bin/vgpuctl"
sed '/^#/d' files | while read -r file target; do
  install -D -m 644 "data/$file" "$root$target"
done
[ -z "$root" ] || exit 0

systemd-sysusers vgpud.conf
# On a machine that is being made, nothing runs yet.
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
systemctl try-restart vgpud.service
