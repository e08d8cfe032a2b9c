# SPDX-License-Identifier: LGPL-2.1-or-later
"""sys_copy.py lay | lift: puts a copy of the emulated /sys in memory over it, and takes it away.

A read of the emulated /sys costs a hundred times one of the kernel's, and libvirt reads up to 18 times for one document
of a PCI device. The copy costs what the kernel's costs. It does not change: it has to go before a device comes.
"""

import os
import stat
import sys

sys.path.insert(0, os.environ["EMULATED_HOST_SOURCES"])

from namespace import mounts  # noqa: E402

COPY, SYSTEM = "/run/emulated-host/sys", "/run/emulated-host/system"


def copy(source, target):
    with os.scandir(source) as entries:
        for entry in entries:
            path = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), path)
            elif entry.is_dir():
                os.mkdir(path)
                # The processors' part is the machine's own.
                if entry.path != "/sys/devices/system":
                    copy(entry.path, path)
            else:
                copy_file(entry, path)


def copy_file(entry, path):
    mode = stat.S_IMODE(entry.stat().st_mode)
    with open(path, "wb") as file:
        if mode & 0o444:
            with open(entry.path, "rb", buffering=0) as attribute:
                file.write(attribute.read())
    os.chmod(path, mode)


def lay():
    os.mkdir(COPY)
    mounts.tmpfs(COPY)
    copy("/sys", COPY)
    mounts.move(COPY, "/sys")
    if os.path.isdir(SYSTEM):
        mounts.bind(SYSTEM, "/sys/devices/system", read_only=True)


def lift():
    if os.path.isdir(SYSTEM):
        mounts.unmount("/sys/devices/system")
    mounts.unmount("/sys")


{"lay": lay, "lift": lift}[sys.argv[1]]()
