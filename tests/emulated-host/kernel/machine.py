# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole machine's /sys, built from a host file, and the changes that its owner can make by hand."""

from .devices import DeviceFiles
from .mdev import Faults, MdevBus
from .pci import PciBus
from .tree import Tree

# Empty, but programs expect them.
DIRECTORIES = ("bus/mdev", "class/net", "firmware", "fs/cgroup", "hypervisor", "kernel/mm", "power", "devices/system")


class Machine:
    def __init__(self, host, uevents):
        self.host = host
        self.uevents = uevents
        self.tree = Tree()
        self.faults = Faults()
        self.devices = DeviceFiles()
        for name in DIRECTORIES:
            self.tree.directory("/" + name)
        self._add_loopback()
        self._add_modules()
        self.pci = PciBus(self.tree, uevents, host)
        self.mdevs = MdevBus(self.tree, uevents, self.pci, self.devices, self.faults)
        self.devices.add_group("vfio")  # /dev/vfio/vfio, the container
        for each in host["pciDevices"]:
            self.devices.add_drm(each["address"], each.get("drm", {}))
        for each in host["disks"]:
            self.devices.add_disk(each["name"])
        self.capacities = {each["name"]: each["capacity"] for each in host["parents"]}
        self.unplugged = set()
        for name in self.capacities:
            self._register(name)

    def _add_loopback(self):
        path = "/devices/virtual/net/lo"
        for name, content in (("type", 772), ("ifindex", 1), ("mtu", 65536), ("address", "00:00:00:00:00:00")):
            self.tree.file(f"{path}/{name}", f"{content}\n")
        for name, content in (("operstate", "unknown"), ("flags", "0x9"), ("addr_len", "6"), ("carrier", "1")):
            self.tree.file(f"{path}/{name}", f"{content}\n")
        self.tree.file(f"{path}/uevent", "INTERFACE=lo\nIFINDEX=1\n", lambda _: None)
        self.tree.link(f"{path}/subsystem", "/class/net")
        self.tree.link("/class/net/lo", path)

    def _add_modules(self):
        for name in self.host["kernel"]["modules"]:
            self.tree.file(f"/module/{name}/initstate", "live\n")
            self.tree.file(f"/module/{name}/refcnt", "0\n")
            self.tree.directory(f"/module/{name}/parameters")
        for word in self.host["kernel"]["commandLine"].split():
            module, _, parameter = word.partition("=")[0].partition(".")
            value = word.partition("=")[2]
            above = self.tree.find(f"/module/{module.replace('-', '_')}/parameters") if parameter else None
            if above is not None and parameter not in above.children:
                # Both are booleans, which the kernel shows as Y and N.
                shown = {"0": "N", "1": "Y"}.get(value, value) if parameter in ("enable_gvt", "nested") else value
                self.tree.file(f"/module/{module.replace('-', '_')}/parameters/{parameter}", shown + "\n")

    def _register(self, name):
        if name in self.pci.by_address:
            path = self.pci.path(name)
        else:
            path = self._add_other_parent(name)
        self.mdevs.register(name, path, self.capacities[name])

    def _add_other_parent(self, name):
        """A parent that is no PCI function, as the kernel's sample mtty: a class device with a class of its own."""
        path = f"/devices/virtual/{name}/{name}"
        self.tree.directory(path, permanent=False)
        self.tree.file(f"{path}/uevent", "", lambda _: None)
        self.tree.link(f"{path}/subsystem", f"/class/{name}")
        self.tree.link(f"/class/{name}/{name}", path, permanent=False)
        return path

    def _announce_parent(self, action, name, **more):
        if name in self.pci.by_address:
            self.pci.announce(action, name, **more)
        else:
            self.uevents.send(action, f"/devices/virtual/{name}/{name}", {"SUBSYSTEM": name, **more})

    def unplug(self, name):
        """Takes a parent away with all its mediated devices."""
        if name not in self.capacities or name in self.unplugged:
            raise KeyError(f"{name} is no parent that is plugged in")
        self.mdevs.unregister(name)
        self._announce_parent("change", name, MDEV_STATE="unregistered")
        self.unplugged.add(name)
        if name in self.pci.by_address:
            self.devices.remove_drm(name, self.pci.by_address[name].get("drm", {}))
            self.pci.announce_drm("remove", name)
            self.pci.remove(name)
        else:
            self.tree.remove(f"/class/{name}/{name}")
            self.tree.remove(f"/devices/virtual/{name}/{name}")
        self._announce_parent("remove", name)

    def plug(self, name):
        if name not in self.unplugged:
            raise KeyError(f"{name} is not unplugged")
        self.unplugged.remove(name)
        if name in self.pci.by_address:
            self.pci.add(name)
            self.devices.add_drm(name, self.pci.by_address[name].get("drm", {}))
        self._register(name)
        for action in ("add", "bind"):
            self._announce_parent(action, name)
        if name in self.pci.by_address:
            self.pci.announce_drm("add", name)
        self._announce_parent("change", name, MDEV_STATE="registered")
