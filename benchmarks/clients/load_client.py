# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many callers of vgpud in one process: bytes made beforehand, so that it is vgpud that is measured."""

import os
import select
import signal
import struct
import sys
import time

SOURCES = os.environ["EMULATED_HOST_SOURCES"]
sys.path[:0] = [SOURCES, os.path.join(SOURCES, "../hostile")]

import wire  # noqa: E402
from namespace import services  # noqa: E402
from worker import elapsed, serve  # noqa: E402

VGPUD, ROOT = "me.phyllo.Vgpu1", "/me/phyllo/Vgpu1"
MANAGER = f"{ROOT}/manager"
PEER, PROPERTIES = "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
SERVICE_FILE = f"/usr/share/dbus-1/system-services/{VGPUD}.service"
PROGRAM = f"{services.BASE}/bin/node --disable-proto=delete {services.BASE}/app/packages/dbus-service/dist/main.js"
ACTIVATION = f"[D-BUS Service]\nName={VGPUD}\nExec={PROGRAM} --exit-when-idle 60\nUser=vgpud\n"
TIMEOUT_S = 300


def ask_bus(connection, member, *names):
    return connection.ask("/org/freedesktop/DBus", wire.BUS, member, "s" * len(names), names, destination=wire.BUS)


class Caller:
    """Calls again as soon as it has the answer."""

    def __init__(self):
        self.connection = wire.Connection(TIMEOUT_S)
        fields = wire.call_fields(MANAGER, PROPERTIES, "Get", VGPUD, "ss")
        self.bytes = bytearray(wire.message(1, fields, wire.body("ss", (f"{VGPUD}.Manager", "Connected"))))

    def call(self):
        struct.pack_into("<I", self.bytes, 8, self.connection.next())
        self.connection.send(self.bytes)

    def answered(self):
        self.connection.read()
        return any(reply.serial == self.connection.serial for reply in self.connection.replies())


class Load:
    def activate(self):
        """Nanoseconds from a call to its answer, where the call starts vgpud; which then ends."""
        with open(SERVICE_FILE, "w", encoding="utf-8") as file:
            file.write(ACTIVATION)
        connection = wire.Connection(TIMEOUT_S)
        ask_bus(connection, "ReloadConfig")
        reply, ns = elapsed(lambda: connection.ask(MANAGER, PEER, "Ping"))
        if reply.error is not None:
            raise RuntimeError(f"the call that starts vgpud: {reply.error}")
        (pid,) = struct.unpack("<I", ask_bus(connection, "GetConnectionUnixProcessID", VGPUD).payload)
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        select.select([descriptor], [], [], TIMEOUT_S)
        connection.close()
        return ns

    def callsPerSecond(self, clients, seconds):
        """Properties.Get, each client with one call at a time."""
        callers = {caller.connection.socket: caller for caller in (Caller() for _ in range(clients))}
        for caller in callers.values():
            caller.call()
        start, answers = time.monotonic(), 0
        while time.monotonic() - start < seconds:
            for ready in select.select(list(callers), [], [], TIMEOUT_S)[0]:
                if callers[ready].answered():
                    answers += 1
                    callers[ready].call()
        rate = answers / (time.monotonic() - start)
        for caller in callers.values():
            caller.connection.close()
        return rate

    def pingWhileListing(self, pings):
        """Nanoseconds of each ping, while another client asks for all objects again and again."""
        child = os.fork()
        if child == 0:
            connection = wire.Connection(TIMEOUT_S)
            while True:
                connection.ask(ROOT, OBJECTS, "GetManagedObjects")
        try:
            connection = wire.Connection(TIMEOUT_S)
            return [elapsed(lambda: connection.ask(MANAGER, PEER, "Ping"))[1] for _ in range(pings)]
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


load = Load()
serve({name: getattr(load, name) for name in dir(Load) if not name.startswith("_")})
