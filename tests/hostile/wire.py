# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-Bus as bytes (specification, "Message Protocol"): messages that no library would send, and connections that misbehave."""

import os
import pwd
import socket
import struct

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY, NO_AUTO_START, INTERACTIVE = 1, 2, 4
BUS = "org.freedesktop.DBus"
BUS_SOCKET = "/run/dbus/system_bus_socket"
FIXED = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
SIZES = {"y": 1, "n": 2, "q": 2, "b": 4, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8}
ALIGNMENT = {**SIZES, "s": 4, "o": 4, "a": 4, "g": 1, "v": 1, "(": 8, "{": 8}


def become(user):
    """A program is read as root, wherever the checkout is, and then runs as somebody else."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def complete(signature):
    """The signature's complete types."""
    types = []
    while signature:
        size = _length(signature)
        types.append(signature[:size])
        signature = signature[size:]
    return types


def _length(signature):
    if signature[0] == "a":
        return 1 + _length(signature[1:])
    if signature[0] not in "({":
        return 1
    depth = 0
    for index, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0:
            return index + 1
    raise ValueError(signature)


class Writer:
    def __init__(self, order="<"):
        self.order = order
        self.data = bytearray()

    def align(self, size):
        self.data += b"\0" * (-len(self.data) % size)

    def write(self, kind, value):
        """A variant is (signature, value); a dictionary a list of pairs, so that a key may come twice."""
        first = kind[0]
        self.align(ALIGNMENT[first])
        if first in FIXED:
            self.data += struct.pack(self.order + FIXED[first], value)
        elif first in "so":
            raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
            self.data += struct.pack(self.order + "I", len(raw)) + raw + b"\0"
        elif first == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif first == "v":
            self.write("g", value[0])
            self.write(value[0], value[1])
        elif first == "a":
            self._array(kind[1:], value)
        else:
            for inner, item in zip(complete(kind[1:-1]), value):
                self.write(inner, item)

    def _array(self, kind, value):
        start = len(self.data)
        self.data += bytes(4)
        self.align(ALIGNMENT[kind[0]])
        begin = len(self.data)
        for item in value:
            self.write(kind, item)
        struct.pack_into(self.order + "I", self.data, start, len(self.data) - begin)


def body(signature, values, order="<"):
    writer = Writer(order)
    for kind, value in zip(complete(signature), values):
        writer.write(kind, value)
    return bytes(writer.data)


def message(serial, fields, payload=b"", kind=CALL, flags=0, order="<"):
    """`fields`: (code, type, value). Nothing is checked."""
    writer = Writer(order)
    start = (ord("l" if order == "<" else "B"), kind, flags, 1, len(payload), serial)
    writer.data += struct.pack(order + "BBBBII", *start)
    writer.write("a(yv)", [(code, (signature, value)) for code, signature, value in fields])
    writer.align(8)
    return bytes(writer.data) + payload


def call_fields(path, interface, member, destination, signature=""):
    fields = [(1, "o", path), (3, "s", member), (6, "s", destination)]
    if interface:
        fields.append((2, "s", interface))
    if signature:
        fields.append((8, "g", signature))
    return fields


class Reply:
    """Of a received message what matters here."""

    def __init__(self, kind, serial, error, payload):
        self.kind, self.serial, self.error, self.payload = kind, serial, error, payload


def parse(header, payload):
    order = "<" if header[0] == ord("l") else ">"
    kind, at, end = header[1], 16, 16 + struct.unpack_from(order + "I", header, 12)[0]
    serial, error = None, None
    while at < end:
        at += -at % 8
        code, signature = header[at], chr(header[at + 2])
        at += 4
        if signature == "g":
            at += 1 + header[at] + 1
            continue
        at += -at % 4
        (number,) = struct.unpack_from(order + "I", header, at)
        at += 4
        if signature == "u":
            serial = number if code == 5 else serial
            continue
        if code == 4:
            error = header[at : at + number].decode()
        at += number + 1
    return Reply(kind, serial, error, payload)


class Connection:
    """On the bus, as whoever runs this."""

    def __init__(self, timeout=60, hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(BUS_SOCKET)
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        if not self.socket.recv(4096).startswith(b"OK"):
            raise ConnectionError("the bus refused us")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.received = bytearray()
        if hello:
            self.ask("/org/freedesktop/DBus", BUS, "Hello", destination=BUS)

    def next(self):
        self.serial += 1
        return self.serial

    def send(self, data):
        self.socket.sendall(data)

    def call(self, path, interface, member, signature="", values=(), destination="me.phyllo.Vgpu1", flags=0):
        """Sends and gives the serial."""
        fields = call_fields(path, interface, member, destination, signature)
        self.send(message(self.next(), fields, body(signature, values), flags=flags))
        return self.serial

    def ask(self, *args, **options):
        """The reply; other messages are skipped."""
        return self.wait(self.call(*args, **options))

    def wait(self, serial):
        while True:
            for reply in self.replies():
                if reply.serial == serial:
                    return reply
            self.read()

    def read(self):
        """Takes what is there, or waits for it."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the bus closed the connection")
        self.received += data

    def replies(self):
        """Whole messages among what was read."""
        found, at, data = [], 0, self.received
        while len(data) - at >= 16:
            order = "<" if data[at] == ord("l") else ">"
            payload, _, fields = struct.unpack_from(order + "III", data, at + 4)
            header = 16 + fields + -fields % 8
            if len(data) - at < header + payload:
                break
            whole = bytes(data[at : at + header + payload])
            found.append(parse(whole[:header], whole[header:]))
            at += header + payload
        del data[:at]
        return found

    def is_closed(self):
        """Waits for the end of the connection."""
        try:
            while self.socket.recv(1 << 16):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()
