# SPDX-License-Identifier: LGPL-2.1-or-later
"""Just enough D-Bus to ask the bus who owns a name; a helper process per question would cost more than the start."""

import os
import socket
import struct

DESTINATION = "org.freedesktop.DBus"
METHOD_CALL, METHOD_RETURN, ERROR = 1, 2, 3


def _pad(data, boundary):
    return data + b"\0" * (-len(data) % boundary)


def _string(text):
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw + b"\0"


def _call(serial, member, argument):
    body = _string(argument) if argument is not None else b""
    fields = b""
    for code, signature, value in (
        (1, "o", "/org/freedesktop/DBus"),
        (2, "s", DESTINATION),
        (3, "s", member),
        (6, "s", DESTINATION),
        (8, "g", "s" if argument is not None else None),
    ):
        if value is not None:
            text = struct.pack("B", len(value)) + value.encode() + b"\0" if signature == "g" else _string(value)
            fields = _pad(fields, 8) + struct.pack("BB", code, 1) + signature.encode() + b"\0" + text
    header = struct.pack("<cBBBIII", b"l", METHOD_CALL, 0, 1, len(body), serial, len(fields)) + fields
    return _pad(header, 8) + body


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        answer = self.socket.recv(4096)
        if not answer.startswith(b"OK"):
            raise ConnectionError(f"the bus refused us: {answer!r}")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self._ask("Hello", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def watch(self, name):
        """From now on the socket becomes readable when the name gets or loses an owner."""
        self._ask("AddMatch", f"type='signal',member='NameOwnerChanged',arg0='{name}'")

    def has_owner(self, name):
        return self._ask("NameHasOwner", name) == struct.pack("<I", 1)

    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the bus closed the connection")
            data += more
        return data

    def _ask(self, member, argument):
        """The reply's body as bytes; other messages are skipped."""
        self.serial += 1
        self.socket.sendall(_call(self.serial, member, argument))
        while True:
            start = self._read(16)
            _, kind, _, _, body_size, _, fields_size = struct.unpack("<cBBBIII", start)
            rest = self._read(fields_size + -fields_size % 8 + body_size)
            if kind == ERROR:
                raise ConnectionError(f"{member} failed: {rest!r}")
            if kind == METHOD_RETURN:
                return rest[len(rest) - body_size :]
