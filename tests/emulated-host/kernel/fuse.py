# SPDX-License-Identifier: LGPL-2.1-or-later
"""A FUSE server for one Tree: the kernel's /dev/fuse protocol (linux/fuse.h, version 7.31), one thread."""

import errno
import os
import select
import stat
import struct
import threading
import traceback

from .tree import Attribute, Directory, Link, refuse

MAX_WRITE = 128 * 1024
CACHE_S = 3600
REVOKE_POLL_MS = 1

IN_HEADER = struct.Struct("=IIQQIIIHH")
OUT_HEADER = struct.Struct("=IiQ")
ATTR = struct.Struct("=QQQQQQIIIIIIIIII")
ENTRY = struct.Struct("=QQQQII")
ATTR_OUT = struct.Struct("=QII")
OPEN_OUT = struct.Struct("=QII")
INIT_OUT = struct.Struct("=IIIIHHIIHHI7I")

DIRECT_IO, KEEP_CACHE, PARALLEL_WRITES = 1 << 0, 1 << 1, 1 << 6
ATOMIC_O_TRUNC, CACHE_SYMLINKS = 1 << 3, 1 << 23
NOTIFY_INVALIDATE_ENTRY = 3
DIR_TYPE = {Directory: stat.S_IFDIR, Link: stat.S_IFLNK, Attribute: stat.S_IFREG}


class Held(Exception):
    """Raised by an attribute's store: the change is made, the writer gets its answer when `release` is called."""


class Server:
    def __init__(self, fd, tree):
        self.fd = fd
        self.tree = tree
        tree.on_revoked = self._revoke
        self.held = {}  # unique → bytes written
        self._listings = {}
        self._last_handle = 0
        self._handlers = {
            1: self._lookup,
            3: self._getattr,
            4: self._getattr,  # SETATTR: what a shell's > sends; sysfs ignores it as well
            5: self._readlink,
            14: self._open,
            15: self._read,
            16: self._write,
            17: self._statfs,
            18: lambda *_: b"",  # RELEASE
            26: self._init,
            27: self._opendir,
            28: self._readdir,
            29: self._releasedir,
        }

    def serve_one(self):
        """Answers one request; False when the file system was unmounted."""
        try:
            request = os.read(self.fd, MAX_WRITE + 4096)
        except OSError as error:
            if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                return True  # ENOENT: the request was interrupted before it was read.
            if error.errno == errno.ENODEV:
                return False
            raise
        _, opcode, unique, ino, _, _, _, _, _ = IN_HEADER.unpack_from(request)
        body = memoryview(request)[IN_HEADER.size :]
        if opcode in (2, 42):
            self._forget(opcode, ino, body)
        elif opcode == 36:
            self._interrupt(body)
        else:
            self._answer(opcode, unique, ino, body)
        return True

    def _revoke(self, above, name):
        """
        Makes the kernel ask again for a name that it has cached. It may first wait for a lookup in the same directory,
        so that requests are answered meanwhile.
        """
        raw = name.encode() + b"\0"
        data = struct.pack("=QII", above.ino, len(raw) - 1, 0) + raw
        notice = OUT_HEADER.pack(OUT_HEADER.size + len(data), NOTIFY_INVALIDATE_ENTRY, 0) + data
        thread = threading.Thread(target=self._notify, args=(notice,), daemon=True)
        thread.start()
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while thread.is_alive():
            if poll.poll(REVOKE_POLL_MS):
                self.serve_one()

    def _notify(self, notice):
        try:
            os.write(self.fd, notice)
        except FileNotFoundError:
            pass  # It had not cached it.

    def release(self):
        """Answers every held writer."""
        for unique, size in self.held.items():
            self._reply(unique, struct.pack("=II", size, 0))
        self.held.clear()

    def _answer(self, opcode, unique, ino, body):
        handler = self._handlers.get(opcode)
        try:
            if handler is None:
                refuse(errno.ENOSYS)
            node = self.tree.nodes.get(ino)
            if node is None and opcode != 26:
                refuse(errno.ENOENT)
            data = handler(node, body)
        except Held:
            self.held[unique] = struct.unpack_from("=QQI", body)[2]
        except OSError as error:
            self._reply(unique, b"", error.errno or errno.EIO)
        except Exception:  # A mistake of ours: the log has it, and the reader gets an answer instead of waiting.
            traceback.print_exc()
            self._reply(unique, b"", errno.EIO)
        else:
            self._reply(unique, data)

    def _reply(self, unique, data, error=0):
        try:
            os.write(self.fd, OUT_HEADER.pack(OUT_HEADER.size + len(data), -error, unique) + data)
        except FileNotFoundError:
            pass  # The caller was killed meanwhile.

    def _forget(self, opcode, ino, body):
        if opcode == 2:
            self.tree.forget(ino, struct.unpack_from("=Q", body)[0])
            return
        (count,) = struct.unpack_from("=I", body)
        for index in range(count):
            self.tree.forget(*struct.unpack_from("=QQ", body, 8 + 16 * index))

    def _interrupt(self, body):
        """A held writer that gets a signal must not stay in D state."""
        (unique,) = struct.unpack_from("=Q", body)
        if self.held.pop(unique, None) is not None:
            self._reply(unique, b"", errno.EINTR)

    def _init(self, _node, body):
        _, _, readahead, offered = struct.unpack_from("=IIII", body)
        flags = offered & (ATOMIC_O_TRUNC | CACHE_SYMLINKS)
        return INIT_OUT.pack(7, 31, readahead, flags, 16, 12, MAX_WRITE, 1, 1, 0, 0, *[0] * 7)

    def _attributes(self, node):
        size, links = 4096, 1
        if isinstance(node, Directory):
            size, links, mode = 0, 2, 0o755
        elif isinstance(node, Link):
            size, mode = len(node.target), 0o777
        else:
            size, mode = node.size, node.mode
        return ATTR.pack(node.ino, size, 0, 0, 0, 0, 0, 0, 0, DIR_TYPE[type(node)] | mode, links, 0, 0, 0, 4096, 0)

    def _lookup(self, node, body):
        if not isinstance(node, Directory):
            refuse(errno.ENOTDIR)
        child = node.children.get(bytes(body).rstrip(b"\0").decode(errors="surrogateescape"))
        if child is None and node.changing:
            refuse(errno.ENOENT)
        if child is None:
            return ENTRY.pack(0, 0, CACHE_S, 0, 0, 0) + bytes(ATTR.size)  # Inode 0: missing, and it may be cached.
        child.lookups += 1
        # A node never changes its attributes; only whether the name still means it must be asked again.
        valid_s = CACHE_S if child.permanent or child.revocable else 0
        return ENTRY.pack(child.ino, 0, valid_s, CACHE_S, 0, 0) + self._attributes(child)

    def _getattr(self, node, _body):
        if node.removed:
            refuse(errno.ENOENT)
        return ATTR_OUT.pack(CACHE_S, 0, 0) + self._attributes(node)

    def _readlink(self, node, _body):
        return node.target.encode()

    def _open(self, node, _body):
        if not isinstance(node, Attribute):
            refuse(errno.EISDIR)
        if node.removed:
            refuse(errno.ENODEV)
        return OPEN_OUT.pack(0, KEEP_CACHE if node.constant else DIRECT_IO | PARALLEL_WRITES, 0)

    def _read(self, node, body):
        _, offset, size = struct.unpack_from("=QQI", body)
        if node.removed:
            refuse(errno.ENODEV)
        return node.read()[offset : offset + size]

    def _write(self, node, body):
        _, _, size, _ = struct.unpack_from("=QQII", body)
        if node.removed:
            refuse(errno.ENODEV)
        if node.store is None:
            refuse(errno.EIO)
        node.store(bytes(body[40 : 40 + size]))
        return struct.pack("=II", size, 0)

    def _statfs(self, _node, _body):
        return struct.pack("=QQQQQIIII6I", 0, 0, 0, 0, 0, 4096, 255, 4096, 0, *[0] * 6)

    def _opendir(self, node, _body):
        entries = [(".", node.ino, stat.S_IFDIR), ("..", node.ino, stat.S_IFDIR)]
        entries += [(name, each.ino, DIR_TYPE[type(each)]) for name, each in node.children.items()]
        self._last_handle += 1
        self._listings[self._last_handle] = entries
        return OPEN_OUT.pack(self._last_handle, 0, 0)

    def _readdir(self, _node, body):
        handle, offset, size = struct.unpack_from("=QQI", body)
        data = b""
        for index, (name, ino, kind) in enumerate(self._listings[handle][offset:], offset + 1):
            raw = name.encode()
            entry = struct.pack("=QQII", ino, index, len(raw), kind >> 12) + raw
            entry += b"\0" * (-len(entry) % 8)
            if len(data) + len(entry) > size:
                break
            data += entry
        return data

    def _releasedir(self, _node, body):
        self._listings.pop(struct.unpack_from("=Q", body)[0], None)
        return b""
