# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mediated devices: parents, their types, and what a write to `create` and `remove` does."""

import errno
import re

from .capacity import MODELS
from .fuse import Held
from .tree import refuse

UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\n?\Z")
BUS = "/bus/mdev"


class Faults:
    """What the control socket asked for."""

    def __init__(self):
        self.errors = []  # errno of the next writes, in order
        self.busy = set()
        self.lies = {}  # (parent, type) → count shown
        self.hold = False

    def before_write(self):
        if self.errors:
            refuse(self.errors.pop(0))

    def after_write(self):
        if self.hold:
            raise Held


class Parent:
    def __init__(self, name, path, capacity):
        self.name = name
        self.path = path
        self.model = MODELS[capacity["model"]](capacity)
        self.running = {}  # uuid → type, in order of creation


class MdevBus:
    def __init__(self, tree, uevents, pci, devices, faults):
        self.tree, self.uevents, self.pci, self.devices, self.faults = tree, uevents, pci, devices, faults
        self.parents = {}
        self.groups = {}  # uuid → IOMMU group
        for path in ("/class/mdev_bus", BUS, f"{BUS}/devices", f"{BUS}/drivers", "/kernel/iommu_groups"):
            tree.directory(path, changing=True)

    def register(self, name, path, capacity):
        """Makes the device a parent: its types appear."""
        parent = self.parents[name] = Parent(name, path, capacity)
        self.tree.directory(path, changing=True)
        self.tree.link(f"/class/mdev_bus/{name}", path, permanent=False)
        for type_id, kind in parent.model.types.items():
            self._add_type(parent, type_id, kind)

    def _add_type(self, parent, type_id, kind):
        above = f"{parent.path}/mdev_supported_types/{type_id}"
        self.tree.file(f"{above}/device_api", kind["deviceApi"] + "\n")
        self.tree.file(f"{above}/available_instances", lambda: f"{self._shown(parent, type_id)}\n")
        if "name" in kind:
            self.tree.file(f"{above}/name", kind["name"] + "\n")
        if "description" in kind:
            self.tree.file(f"{above}/description", kind["description"] + "\n")
        self.tree.file(f"{above}/create", store=lambda text: self.create(parent, type_id, text))
        self.tree.directory(f"{above}/devices", changing=True)

    def unregister(self, name):
        """What a parent's driver does when it goes: the devices first."""
        parent = self.parents[name]
        for uuid in list(parent.running):
            self._take_away(parent, uuid)
        del self.parents[name]
        self.tree.remove(f"/class/mdev_bus/{name}")
        self.tree.remove(f"{parent.path}/mdev_supported_types")

    def _shown(self, parent, type_id):
        lie = self.faults.lies.get((parent.name, type_id))
        return lie if lie is not None else self.available(parent, type_id)

    def available(self, parent, type_id):
        return parent.model.available(type_id, list(parent.running.values()))

    def create(self, parent, type_id, text):
        self.faults.before_write()
        if UUID.match(text) is None:
            refuse(errno.EINVAL)
        uuid = text.strip().lower().decode()
        if any(uuid in each.running for each in self.parents.values()):
            refuse(errno.EEXIST)
        if self.available(parent, type_id) == 0:
            refuse(errno.ENOSPC)
        parent.running[uuid] = type_id
        self._show(parent, type_id, uuid)
        self.faults.after_write()

    def _free_group(self):
        taken = set(map(int, self.tree.find("/kernel/iommu_groups").children))
        return next(each for each in range(len(taken) + 1) if each not in taken)

    def _show(self, parent, type_id, uuid):
        tree, path, driver = self.tree, f"{parent.path}/{uuid}", f"{BUS}/drivers/{parent.model.driver}"
        tree.directory(path, permanent=False)
        if tree.find(driver) is None:
            tree.file(f"{driver}/uevent", store=lambda _: None)
        tree.link(f"{path}/driver", driver)
        tree.link(f"{driver}/{uuid}", path, permanent=False)
        tree.link(f"{path}/subsystem", BUS)
        kind = f"{parent.path}/mdev_supported_types/{type_id}"
        tree.link(f"{path}/mdev_type", kind)
        tree.link(f"{kind}/devices/{uuid}", path, permanent=False)
        tree.link(f"{BUS}/devices/{uuid}", path, permanent=False)
        tree.file(f"{path}/remove", store=lambda text: self.remove(parent, uuid, text))
        tree.file(f"{path}/uevent", f"DRIVER={parent.model.driver}\n", lambda text: self._trigger(parent, path, text))
        if parent.model.driver == "intel_vgpu_mdev":
            tree.file(f"{path}/intel_vgpu/vgpu_id", f"{list(parent.running).index(uuid) + 1}\n")
        self.groups[uuid] = self._free_group()
        self.pci.join_group(self.groups[uuid], path, keep=False)
        self.devices.add_group(self.groups[uuid])
        for action in ("add", "bind"):
            self._announce(action, parent, path)

    def _announce(self, action, parent, path):
        fields = {"SUBSYSTEM": "mdev"}
        if action != "remove":
            fields["DRIVER"] = parent.model.driver
        self.uevents.send(action, path, fields)

    def _trigger(self, parent, path, text):
        self._announce(text.split()[0].decode() if text.split() else "change", parent, path)

    def remove(self, parent, uuid, text):
        self.faults.before_write()
        if not text.strip().isdigit():
            refuse(errno.EINVAL)
        if int(text) == 0:
            return
        if uuid in self.faults.busy:
            refuse(errno.EBUSY)
        self._take_away(parent, uuid)
        self.faults.after_write()

    def _take_away(self, parent, uuid):
        path, type_id, group = f"{parent.path}/{uuid}", parent.running.pop(uuid), self.groups.pop(uuid)
        self.tree.remove(f"{BUS}/devices/{uuid}")
        self.tree.remove(f"{BUS}/drivers/{parent.model.driver}/{uuid}")
        self.tree.remove(f"{parent.path}/mdev_supported_types/{type_id}/devices/{uuid}")
        self.pci.leave_group(group, uuid)
        self.devices.remove_group(group)
        self.tree.remove(path)
        for action in ("unbind", "remove"):
            self._announce(action, parent, path)
