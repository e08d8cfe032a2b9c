# SPDX-License-Identifier: LGPL-2.1-or-later
"""Device events as udev broadcasts them to libudev's monitors."""

import socket
import struct
import time

NETLINK_KOBJECT_UEVENT = 15
GROUP_UDEV = 2  # Group 1 carries the kernel's own messages; libudev clients listen to udev's.
HEADER_SIZE = 40
MASK = 0xFFFFFFFF


def murmur2(data):
    """MurmurHash2 with seed 0: libudev's filter compares it with the subsystem's."""
    multiplier = 0x5BD1E995
    length = len(data)
    value = length & MASK
    whole = length - length % 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        word = word * multiplier & MASK
        word = (word ^ word >> 24) * multiplier & MASK
        value = (value * multiplier & MASK) ^ word
    rest = data[whole:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * multiplier & MASK
    value = (value ^ value >> 13) * multiplier & MASK
    return value ^ value >> 15


def message(properties):
    body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in properties.items())
    subsystem = murmur2(properties["SUBSYSTEM"].encode())
    devtype = murmur2(properties["DEVTYPE"].encode()) if "DEVTYPE" in properties else 0
    # Magic and filter words are big endian, sizes in the machine's order.
    header = b"libudev\0" + struct.pack(">I", 0xFEEDCAFE) + struct.pack("=III", HEADER_SIZE, HEADER_SIZE, len(body))
    return header + struct.pack(">IIII", subsystem, devtype, 0, 0) + body


class Broadcaster:
    """Sends events at once, or as the controls say: not at all, or later."""

    def __init__(self, netlink=None):
        self.socket = netlink or socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
        self.sequence = 1000
        self.drop = 0
        self.delay_s = 0.0
        self.later = []  # (due, message), in order of sending

    def send(self, action, devpath, properties):
        self.sequence += 1
        usec = str(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
        fields = {"ACTION": action, "DEVPATH": devpath, **properties, "SEQNUM": str(self.sequence)}
        fields["USEC_INITIALIZED"] = usec
        if self.drop > 0:
            self.drop -= 1
        elif self.delay_s > 0 or self.later:  # A later event never overtakes a delayed one.
            self.later.append((time.monotonic() + self.delay_s, message(fields)))
        else:
            self._broadcast(message(fields))

    def _broadcast(self, data):
        try:
            self.socket.sendto(data, (0, GROUP_UDEV))
        except ConnectionRefusedError:
            pass  # Nobody listens.

    def wait_s(self):
        """Seconds until the next delayed event is due; None when there is none."""
        return max(0.0, self.later[0][0] - time.monotonic()) if self.later else None

    def flush(self):
        while self.later and self.later[0][0] <= time.monotonic():
            self._broadcast(self.later.pop(0)[1])
