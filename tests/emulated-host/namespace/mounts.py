# SPDX-License-Identifier: LGPL-2.1-or-later
"""mount(2) and the ways to lay private files over the machine's own without changing these."""

import ctypes
import os
import shutil

MS_NOSUID, MS_NODEV, MS_RDONLY, MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 2, 4, 1, 32, 4096, 8192, 16384
MNT_DETACH = 2
COPY_LIMIT = 1 << 20

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def mount(source, target, kind, flags=0, data=""):
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _check(result, f"mount {source} on {target}")


def unmount(target):
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"unmount {target}")


def bind(source, target, read_only=False):
    mount(source, target, "none", MS_BIND | MS_REC)
    if read_only:
        mount(source, target, "none", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_REC)


def move(source, target):
    mount(source, target, "none", MS_MOVE)


def tmpfs(target, mode=0o755):
    mount("emulated-host", target, "tmpfs", MS_NOSUID, f"mode={mode:o}")


def private_directory(path, mode=0o755):
    """An empty directory of our own in place of the machine's."""
    ensure_directory(path)
    tmpfs(path, mode)


def open_directory(path):
    """Keeps what the directory holds, but new entries are ours alone: small files are copied, the rest is bound."""
    status = os.stat(path)
    old = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        tmpfs(path, status.st_mode & 0o7777)
        os.chown(path, status.st_uid, status.st_gid)
        for name in os.listdir(old):
            source, target = f"/proc/self/fd/{old}/{name}", f"{path}/{name}"
            entry = os.stat(name, dir_fd=old, follow_symlinks=False)
            if os.path.islink(source):
                os.symlink(os.readlink(source), target)
            elif os.path.isdir(source):
                os.mkdir(target)
                bind(source, target)
            elif os.path.isfile(source) and entry.st_size <= COPY_LIMIT:
                shutil.copy2(source, target)
                os.chown(target, entry.st_uid, entry.st_gid)
            elif os.path.isfile(source):
                open(target, "w").close()
                bind(source, target)
    finally:
        os.close(old)


def ensure_directory(path):
    """Makes a directory that the machine lacks, in a private copy of the nearest one that it has."""
    above = path
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    if above != path:
        open_directory(above)
        os.makedirs(path)


def cover_file(path, content, mode=0o644):
    """Another content for a file that exists; False when it does not."""
    if not os.path.exists(path):
        return False
    source = f"/run/emulated-host/files{path}"
    os.makedirs(os.path.dirname(source), exist_ok=True)
    write(source, content, mode)
    bind(source, path)
    return True


def write(path, content, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, mode)
