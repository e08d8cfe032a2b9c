# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tree of directories, attributes and links, addressed by path; the FUSE server walks it by inode."""

import errno
import os
import posixpath


def refuse(code, text=None):
    """Raises the OSError that a reader or writer of the file shall see."""
    raise OSError(code, text or os.strerror(code))


class Node:
    # permanent: the name stays as long as the directory that holds it, so a lookup of it may be cached.
    # revocable: it may be cached as well, and whoever takes the name away tells the kernel.
    # removed: opened handles answer ENODEV from now on, as sysfs does.
    __slots__ = ("ino", "permanent", "revocable", "removed", "lookups")

    def __init__(self):
        self.ino = 0
        self.permanent = True
        self.revocable = False
        self.removed = False
        self.lookups = 0


class Directory(Node):
    # changing: names come and go in it, so that a name is missing may not be cached.
    __slots__ = ("children", "changing")

    def __init__(self):
        super().__init__()
        self.children = {}
        self.changing = False


class Link(Node):
    __slots__ = ("target",)

    def __init__(self, target):
        super().__init__()
        self.target = target


class Attribute(Node):
    """A file. `content` is text, bytes or a function; `store` gets what is written, as bytes, and may raise OSError."""

    __slots__ = ("content", "store", "mode", "size")

    @property
    def constant(self):
        return self.store is None and not callable(self.content)

    def __init__(self, content=None, store=None, mode=None, size=4096):
        super().__init__()
        self.content = content
        self.store = store
        if mode is None:
            mode = (0o444 if content is not None else 0) | (0o200 if store is not None else 0)
        self.mode = mode
        self.size = size

    def read(self):
        content = self.content() if callable(self.content) else self.content
        if content is None:
            refuse(errno.EIO)
        return content.encode() if isinstance(content, str) else bytes(content)


class Tree:
    def __init__(self):
        self.nodes = {}
        self._last_ino = 0
        self.on_revoked = lambda above, name: None
        self.root = self._adopt(Directory())

    def _adopt(self, node, above=None, permanent=True):
        self._last_ino += 1  # Never used twice, so a stale handle cannot meet a new device.
        node.ino = self._last_ino
        node.permanent = permanent
        self.nodes[node.ino] = node
        if above is not None and not permanent:
            above.changing = True
        return node

    def find(self, path):
        node = self.root
        for part in path.strip("/").split("/"):
            if part:
                node = node.children.get(part) if isinstance(node, Directory) else None
                if node is None:
                    return None
        return node

    def directory(self, path, permanent=True, changing=False):
        """Makes the directory and those above it that are missing."""
        node, parts = self.root, [part for part in path.split("/") if part]
        for depth, part in enumerate(parts, 1):
            below = node.children.get(part)
            if below is None:
                below = self._adopt(Directory(), node, permanent or depth < len(parts))
                node.children[part] = below
            node = below
        node.changing = node.changing or changing
        return node

    def put(self, path, node, permanent=True):
        above = self.directory(posixpath.dirname(path))
        name = posixpath.basename(path)
        if name in above.children:
            raise KeyError(f"{path} is there already")
        above.children[name] = self._adopt(node, above, permanent)
        return node

    def file(self, path, content=None, store=None, mode=None, size=4096):
        return self.put(path, Attribute(content, store, mode, size))

    def link(self, path, target, permanent=True):
        """A relative link, as sysfs has them; both paths begin at the tree's root."""
        return self.put(path, Link(posixpath.relpath(target, posixpath.dirname(path))), permanent)

    def remove(self, path):
        above = self.find(posixpath.dirname(path))
        node = above.children.pop(posixpath.basename(path), None) if above is not None else None
        if node is not None:
            self._drop(node)
            if node.revocable and node.lookups > 0:
                self.on_revoked(above, posixpath.basename(path))

    def _drop(self, node):
        node.removed = True
        if isinstance(node, Directory):
            for below in node.children.values():
                self._drop(below)
            node.children.clear()
        if node.lookups == 0:
            self.nodes.pop(node.ino, None)

    def forget(self, ino, count):
        node = self.nodes.get(ino)
        if node is not None:
            node.lookups = max(0, node.lookups - count)
            if node.removed and node.lookups == 0:
                self.nodes.pop(ino, None)
