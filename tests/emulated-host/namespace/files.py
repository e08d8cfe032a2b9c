# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the private files say: accounts, /proc, libvirt's configuration, definitions of mediated devices."""

import hashlib
import json
import os
import re

DAEMON_USER = "vgpud"

LIBVIRTD_CONF = """\
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0777"
auth_unix_ro = "none"
auth_unix_rw = "polkit"
host_uuid = "{uuid}"
log_outputs = "3:stderr"
"""

# No cgroups, no mount namespace, no labels: a guest here is one more process of the emulated host.
QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
security_driver = "none"
stdio_handler = "file"
"""

# libvirt runs `udevadm settle` and then looks once for a new device before it sleeps 5 s. There is no udevd to ask, but
# the kernel tells whether an event still waits in somebody's socket; the one who took it gets a moment to look at /sys.
UDEVADM = """\
#!/bin/sh
[ "$1" = settle ] || exec {real} "$@"
tries=500
while [ $((tries -= 1)) -gt 0 ]; do
  waiting=0
  while read -r _ protocol _ _ bytes _; do
    [ "$protocol" = 15 ] && waiting=$((waiting + bytes))
  done </proc/net/netlink
  sleep 0.03
  [ "$waiting" = 0 ] && exit 0
done
exit 1
"""


def _free_id(taken):
    return next(each for each in range(990, 100, -1) if each not in taken)


def accounts(passwd, group):
    """(passwd, group) with the daemon's user, who exists on a machine where vgpud is installed."""
    users = {line.split(":")[0]: line.split(":") for line in passwd.splitlines() if line}
    groups = {line.split(":")[0]: line.split(":") for line in group.splitlines() if line}
    if DAEMON_USER in users:
        return passwd, group
    if DAEMON_USER not in groups:
        gid = _free_id({int(each[2]) for each in groups.values()})
        group = f"{group.rstrip()}\n{DAEMON_USER}:x:{gid}:\n"
    else:
        gid = int(groups[DAEMON_USER][2])
    uid = _free_id({int(each[2]) for each in users.values()})
    return f"{passwd.rstrip()}\n{DAEMON_USER}:x:{uid}:{gid}::/var/lib/vgpud:/usr/sbin/nologin\n", group


def cpuinfo(real, model):
    """The machine's own processors under the host file's name."""
    text, count = re.subn(r"^(model name\s*:).*$", lambda found: f"{found[1]} {model}", real, flags=re.MULTILINE)
    return text if count else f"model name\t: {model}\n{real}"


def proc_files(kernel):
    return {
        "/proc/cmdline": kernel["commandLine"] + "\n",
        "/proc/cpuinfo": cpuinfo(open("/proc/cpuinfo", encoding="utf-8").read(), kernel["cpuModel"]),
        "/proc/modules": "".join(f"{name} 16384 0 - Live 0x0000000000000000\n" for name in kernel["modules"]),
        "/proc/sys/kernel/osrelease": kernel["release"] + "\n",
        "/proc/version": f"Linux version {kernel['release']} (emulated host)\n",
    }


def kernel_config(kernel):
    return "".join(f"{name}={value}\n" for name, value in kernel["config"].items())


def libvirtd_conf(host):
    digest = hashlib.sha256(host["name"].encode()).hexdigest()
    return LIBVIRTD_CONF.format(uuid=f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}")


def mdev_definition(mdev):
    """mdevctl's own file format."""
    attributes = [{name: value} for name, value in mdev.get("attributes", ())]
    start = "auto" if mdev["autostart"] else "manual"
    return json.dumps({"mdev_type": mdev["type"], "start": start, "attrs": attributes}, indent=2) + "\n"


def find_first(paths, what):
    for path in paths:
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{what} is not installed (looked for {', '.join(paths)})")
