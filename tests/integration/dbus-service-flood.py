# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside, as any user: dbus-service-flood.py NAME PATH INTERFACE MEMBER SIGNATURE BYTES.

Sends one call whose body is an array of that many bytes of variants, for the last type of SIGNATURE (`av`); the
strings before it are empty but valid. Prints the name of the error that comes back, or `none`.
"""

import os
import socket
import struct
import sys


def pad(data, size):
    return data + b"\0" * (-len(data) % size)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def message(serial, fields, body=b""):
    encoded = b""
    for code, kind, value in fields:
        encoded = pad(encoded, 8) + bytes([code, 1]) + kind.encode() + b"\0"
        if kind == "g":
            encoded += bytes([len(value)]) + value.encode() + b"\0"
        else:
            encoded = pad(encoded, 4) + text(value)
    start = struct.pack("<BBBBIII", ord("l"), 1, 0, 1, len(body), serial, len(encoded))
    return pad(start + encoded, 8) + body


def receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise SystemExit("the bus closed the connection")
        data += part
    return data


def reply_to(connection, serial):
    """The header's bytes of the answer to a call."""
    while True:
        start = receive(connection, 16)
        body, _, fields = struct.unpack("<III", start[4:])
        header = receive(connection, fields + -fields % 8)
        receive(connection, body)
        # Field 5 is the serial that is answered.
        if b"\x05\x01u\x00" + struct.pack("<I", serial) in header:
            return header


def main(name, path, interface, member, signature, size):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect("/run/dbus/system_bus_socket")
    connection.settimeout(120)
    connection.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    connection.recv(4096)
    connection.sendall(b"BEGIN\r\n")
    daemon = "org.freedesktop.DBus"
    hello = [(1, "o", "/org/freedesktop/DBus"), (2, "s", daemon), (3, "s", "Hello"), (6, "s", daemon)]
    connection.sendall(message(1, hello))
    reply_to(connection, 1)
    body = b""
    for kind in signature[:-2]:
        body = pad(body, 4) + text("/" if kind == "o" else "")
    body = pad(body, 4)
    variants = b"\x01y\x00\x07" * (int(size) // 4)
    body += struct.pack("<I", len(variants)) + variants
    fields = [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", name), (8, "g", signature)]
    connection.sendall(message(2, fields, body))
    header = reply_to(connection, 2)
    # Field 4 is the error's name.
    found = header.find(b"\x04\x01s\x00")
    error = "none"
    if found >= 0:
        (length,) = struct.unpack_from("<I", header, found + 4)
        error = header[found + 8 : found + 8 + length].decode()
    print(error)


main(*sys.argv[1:])
