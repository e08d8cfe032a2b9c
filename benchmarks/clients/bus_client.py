# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus client: of libvirt-dbus, the peer, and of vgpud, which it also starts and watches."""

import os
import sys
import threading
import time
from xml.etree import ElementTree

sys.path.insert(0, os.environ["EMULATED_HOST_SOURCES"])

from gi.repository import Gio, GLib  # noqa: E402
from namespace import services  # noqa: E402
from worker import elapsed, serve  # noqa: E402

WAIT_S = 300
TIMEOUT_MS = WAIT_S * 1000
# The system bus lets a connection have 128 unanswered calls.
IN_FLIGHT = 64
VGPUD, ROOT = "me.phyllo.Vgpu1", "/me/phyllo/Vgpu1"
MANAGER = "org.freedesktop.DBus.ObjectManager"
LIBVIRT = "org.libvirt"
NODE_DEVICE = "org.libvirt.NodeDevice"


class Client:
    def __init__(self):
        self.bus = None
        self.vgpud = None
        self.seen = {}  # (signal, object path) → when
        self.news = threading.Condition()

    def open(self):
        address = "unix:path=/run/dbus/system_bus_socket"
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)

    def _call(self, name, path, interface, method, arguments=None):
        none = Gio.DBusCallFlags.NONE
        return self.bus.call_sync(name, path, interface, method, arguments, None, none, TIMEOUT_MS, None)

    def _has_owner(self, name):
        arguments = GLib.Variant("(s)", (name,))
        answer = self._call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", arguments)
        return answer.unpack()[0]

    def startLibvirtDbus(self):
        program = ["/usr/sbin/libvirt-dbus", "--system"]
        process = services.spawn("libvirt-dbus", program, "libvirtdbus")
        services.wait_for("libvirt-dbus", process, lambda: self._has_owner(LIBVIRT), services.READY_TIMEOUT_S)

    def _list(self):
        arguments = GLib.Variant("(u)", (0,))
        return self._call(LIBVIRT, "/org/libvirt/QEMU", "org.libvirt.Connect", "ListNodeDevices", arguments).unpack()[0]

    def readLibvirtDbusInTurn(self):
        """Each object's document and properties, one call after the other."""

        def work():
            devices = {}
            for path in self._list():
                xml = self._call(LIBVIRT, path, NODE_DEVICE, "GetXMLDesc", GLib.Variant("(u)", (0,))).unpack()[0]
                properties = self._properties(path)
                devices[path] = (ElementTree.fromstring(xml), properties)
            return devices

        devices, ns = elapsed(work)
        return {"ns": ns, "documents": len(devices)}

    def _properties(self, path):
        interface = GLib.Variant("(s)", (NODE_DEVICE,))
        try:
            return self._call(LIBVIRT, path, "org.freedesktop.DBus.Properties", "GetAll", interface).unpack()[0]
        except GLib.Error:
            return {}  # The root of the tree has no parent, and so no properties at all.

    def readLibvirtDbusAtOnce(self):
        """The same with many calls in flight, as fast as this peer can be asked."""
        devices, ns = elapsed(lambda: Pipeline(self.bus, self._list()).run())
        return {"ns": ns, "documents": len(devices)}

    def startVgpud(self):
        """Nanoseconds until it owns its name, and until it answered the first GetManagedObjects."""
        start = time.monotonic_ns()
        self.vgpud = services.start_vgpud()
        services.wait_for("vgpud", self.vgpud, lambda: self._has_owner(VGPUD), WAIT_S)
        owned = time.monotonic_ns() - start
        while not self._objects():
            time.sleep(services.POLL_S)
        return {"ownedNs": owned, "answeredNs": time.monotonic_ns() - start, "memory": self.memory()}

    def _objects(self):
        """The reply as it is, not unpacked: that would measure Python."""
        return self._call(VGPUD, ROOT, MANAGER, "GetManagedObjects").get_child_value(0).n_children()

    def getManagedObjects(self):
        reply, ns = elapsed(lambda: self._call(VGPUD, ROOT, MANAGER, "GetManagedObjects"))
        return {"ns": ns, "objects": reply.get_child_value(0).n_children(), "bytes": reply.get_size()}

    def readVgpud(self):
        """As the two that read libvirt-dbus: everything as Python's own values."""
        objects, ns = elapsed(lambda: self._call(VGPUD, ROOT, MANAGER, "GetManagedObjects").unpack()[0])
        return {"ns": ns, "objects": len(objects)}

    def memory(self):
        """Of vgpud, in KiB: resident now, and at most so far."""
        with open(f"/proc/{self.vgpud.pid}/status", encoding="utf-8") as file:
            fields = dict(line.split(":", 1) for line in file)
        return {"residentKiB": int(fields["VmRSS"].split()[0]), "peakKiB": int(fields["VmHWM"].split()[0])}

    def stopVgpud(self):
        self.vgpud.terminate()
        self.vgpud.wait(WAIT_S)

    def watch(self):
        def changed(_bus, _sender, _path, _interface, signal, arguments):
            now = time.monotonic_ns()
            with self.news:
                self.seen[(signal, arguments.get_child_value(0).get_string())] = now
                self.news.notify_all()

        def run():
            context = GLib.MainContext.new()
            context.push_thread_default()
            self.bus.signal_subscribe(VGPUD, MANAGER, None, ROOT, None, Gio.DBusSignalFlags.NONE, changed)
            GLib.MainLoop.new(context, False).run()

        threading.Thread(target=run, daemon=True).start()
        self._has_owner(VGPUD)

    def waitForSignal(self, signal, uuid):
        """When the signal about this vGPU came."""
        wanted = uuid.replace("-", "_")

        def find():
            return next((at for (name, path), at in self.seen.items() if name == signal and wanted in path), None)

        with self.news:
            if not self.news.wait_for(find, WAIT_S):
                raise TimeoutError(f"vgpud sent no {signal} for {uuid} within {WAIT_S} s")
            found = find()
            self.seen.clear()
            return found


class Pipeline:
    """Two calls for each path, with up to IN_FLIGHT of them unanswered."""

    def __init__(self, bus, paths):
        self.bus = bus
        self.waiting = [(path, kind) for path in reversed(paths) for kind in ("properties", "xml")]
        self.unanswered = 0
        self.devices = {path: {} for path in paths}
        self.context = GLib.MainContext.new()
        self.loop = GLib.MainLoop.new(self.context, False)

    def run(self):
        self.context.push_thread_default()
        try:
            self._fill()
            self.loop.run()
        finally:
            self.context.pop_thread_default()
        return self.devices

    def _fill(self):
        while self.waiting and self.unanswered < IN_FLIGHT:
            path, kind = self.waiting.pop()
            self.unanswered += 1
            if kind == "xml":
                call = (NODE_DEVICE, "GetXMLDesc", GLib.Variant("(u)", (0,)))
            else:
                call = ("org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (NODE_DEVICE,)))
            none = Gio.DBusCallFlags.NONE
            self.bus.call(LIBVIRT, path, *call, None, none, TIMEOUT_MS, None, self._answered, (path, kind))

    def _answered(self, bus, result, about):
        path, kind = about
        try:
            value = bus.call_finish(result).unpack()[0]
            self.devices[path][kind] = ElementTree.fromstring(value) if kind == "xml" else value
        except GLib.Error:
            if kind == "xml":
                self.loop.quit()
                raise
        self.unanswered -= 1
        self._fill()
        if self.unanswered == 0:
            self.loop.quit()


client = Client()
serve({name: getattr(client, name) for name in dir(Client) if not name.startswith("_")})
