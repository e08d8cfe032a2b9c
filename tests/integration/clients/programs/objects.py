# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python client over GObject introspection. Keeps all objects and prints one line for each thing that it hears, until
its standard input ends. A line that it reads is the path of a domain, of which it prints the nested properties."""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

DOMAIN = "me.phyllo.Vgpu1.Domain"
loop = GLib.MainLoop()
manager = Gio.DBusObjectManagerClient.new_for_bus_sync(
    Gio.BusType.SYSTEM, Gio.DBusObjectManagerClientFlags.DO_NOT_AUTO_START, "me.phyllo.Vgpu1", "/me/phyllo/Vgpu1"
)


def say(*words):
    print(*words, flush=True)


def lasting():
    """Operations end with the service; everything else comes back."""
    return [each for each in manager.get_objects() if "/operation/" not in each.get_object_path()]


def changed(_manager, obj, proxy, properties, _invalidated):
    for name, value in properties.unpack().items():
        # The proxy's own copy must say the same as the signal.
        cached = [] if proxy.get_cached_property(name).unpack() == value else ["but not cached"]
        say("changed", obj.get_object_path(), proxy.get_interface_name(), name, json.dumps(value), *cached)


def owner_changed(*_):
    count = len(lasting())
    say(f"back with {count} objects" if manager.get_property("name-owner") else f"gone with {count} objects left")


def nested(path):
    """GVariant.unpack() unpacks dictionaries inside dictionaries too."""
    proxy = manager.get_interface(path, DOMAIN)
    return {name: proxy.get_cached_property(name).unpack() for name in ("Videos", "Graphics", "Console")}


def read_line(stream, _condition):
    line = stream.readline()
    if not line:
        loop.quit()
        return False
    say("nested", json.dumps(nested(line.strip())))
    return True


manager.connect("object-added", lambda _, obj: say("added", obj.get_object_path()))
manager.connect("object-removed", lambda _, obj: say("removed", obj.get_object_path()))
manager.connect("interface-proxy-properties-changed", changed)
manager.connect("notify::name-owner", owner_changed)
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, read_line)
say(f"has {len(lasting())} objects")
loop.run()
