# SPDX-License-Identifier: LGPL-2.1-or-later
"""PCI functions as the kernel shows them, with the graphics and block devices on them."""

import os
import struct

CLASS_BRIDGE = 0x0604
MEMORY, IO, PREFETCH_64 = 0x40200, 0x40101, 0x14220C
CONFIG_SIZE = 256


def number(text):
    return int(text, 16)


def sysfs_path(address, by_address):
    """/devices/pci0000:00/0000:00:1d.0/0000:3d:00.0: a function lies below its port."""
    port = by_address[address].get("upstreamPort")
    if port is None:
        return f"/devices/pci{address[:7]}/{address}"
    return f"{sysfs_path(port, by_address)}/{address}"


def config_space(device, behind):
    """The first 64 bytes say what pciutils and libvirt ask for; the rest is zero. `behind`: buses below a bridge."""
    space = bytearray(CONFIG_SIZE)
    kind = number(device["class"])
    bridge = kind >> 8 == CLASS_BRIDGE
    struct.pack_into("<HHHH", space, 0, number(device["vendor"]), number(device["device"]), 0x0007, 0)
    struct.pack_into("<B3s", space, 8, number(device["revision"]), kind.to_bytes(3, "little"))
    space[14] = 1 if bridge else 0
    if bridge:
        own = int(device["address"][5:7], 16)
        space[0x18:0x1B] = bytes((own, min(behind, default=0), max(behind, default=0)))
    else:
        struct.pack_into(
            "<HH", space, 0x2C, number(device.get("subsystemVendor", "0x0")), number(device.get("subsystemDevice", "0x0"))
        )
    return space


def resources(device, aperture_mib):
    """Seven regions. A display's second one is its aperture, as on Intel's graphics."""
    lines = ["0x%016x 0x%016x 0x%016x" % (0, 0, 0)] * 7
    if number(device["class"]) >> 16 == 0x03:
        aperture = (aperture_mib or 256) << 20
        lines[0] = "0x%016x 0x%016x 0x%016x" % (0xDB000000, 0xDBFFFFFF, MEMORY | 0x4)
        lines[2] = "0x%016x 0x%016x 0x%016x" % (0x2000000000, 0x2000000000 + aperture - 1, PREFETCH_64)
        lines[4] = "0x%016x 0x%016x 0x%016x" % (0xF000, 0xF03F, IO)
    return "".join(line + "\n" for line in lines)


class PciBus:
    def __init__(self, tree, uevents, host):
        self.tree = tree
        self.uevents = uevents
        self.by_address = {each["address"]: each for each in host["pciDevices"]}
        self.buses_behind = {}  # bridge → buses of the functions behind it
        for each in host["pciDevices"]:
            port = each.get("upstreamPort")
            while port is not None:
                self.buses_behind.setdefault(port, []).append(int(each["address"][5:7], 16))
                port = self.by_address[port].get("upstreamPort")
        self.apertures = {each["name"]: each["capacity"].get("apertureMiB") for each in host["parents"]}
        self.disks = {}
        for disk in host["disks"]:
            self.disks.setdefault(disk["pciDevice"], []).append(disk)
        self.removable = set(self.apertures)  # Only a parent can be unplugged, so all else is cached for good.
        for name in ("devices", "drivers", "slots"):
            tree.directory(f"/bus/pci/{name}")
        for name in ("uevent", "rescan", "drivers_probe"):
            tree.file(f"/bus/pci/{name}", store=lambda _: None)
        for name in ("class/drm", "class/nvme", "class/block", "block", "dev/block", "dev/char", "kernel/iommu_groups"):
            tree.directory("/" + name)
        # A port before what is behind it.
        for address in sorted(self.by_address, key=lambda each: sysfs_path(each, self.by_address)):
            self.add(address)
        self._add_iommus()

    def path(self, address):
        return sysfs_path(address, self.by_address)

    def properties(self, address):
        device = self.by_address[address]
        ids = [number(device.get(key, "0x0")) for key in ("vendor", "device", "subsystemVendor", "subsystemDevice")]
        kind = number(device["class"])
        fields = {"DRIVER": device["driver"]} if "driver" in device else {}
        fields["PCI_CLASS"] = "%X" % kind
        fields["PCI_ID"] = "%04X:%04X" % (ids[0], ids[1])
        fields["PCI_SUBSYS_ID"] = "%04X:%04X" % (ids[2], ids[3])
        fields["PCI_SLOT_NAME"] = address
        fields["MODALIAS"] = "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X" % (*ids, kind >> 16, kind >> 8 & 255, kind & 255)
        return fields

    def add(self, address):
        tree, device, path = self.tree, self.by_address[address], self.path(address)
        keep = address not in self.removable
        # All that is read of a GPU is read through these two names.
        tree.directory(path, permanent=keep).revocable = not keep
        tree.link(f"/bus/pci/devices/{address}", path, permanent=keep).revocable = not keep
        for name in ("vendor", "device", "class", "revision"):
            tree.file(f"{path}/{name}", device[name] + "\n")
        tree.file(f"{path}/subsystem_vendor", device.get("subsystemVendor", "0x0000") + "\n")
        tree.file(f"{path}/subsystem_device", device.get("subsystemDevice", "0x0000") + "\n")
        space = config_space(device, self.buses_behind.get(address, ()))
        # mode 0644: pciutils and libvirt open it for writing; what they write is not kept.
        tree.file(f"{path}/config", lambda: space, lambda _: None, 0o644, CONFIG_SIZE)
        tree.file(f"{path}/resource", resources(device, self.apertures.get(address)))
        tree.file(f"{path}/numa_node", f"{device.get('numaNode', -1)}\n")
        tree.file(f"{path}/enable", "1\n", lambda _: None)
        tree.file(f"{path}/irq", "0\n")
        tree.file(f"{path}/driver_override", "(null)\n", lambda _: None)
        properties = self.properties(address)
        tree.file(f"{path}/modalias", properties["MODALIAS"] + "\n")
        uevent = "".join(f"{key}={value}\n" for key, value in properties.items())
        tree.file(f"{path}/uevent", uevent, lambda text: self._trigger(address, text))
        if number(device["class"]) >> 16 == 0x03:
            tree.file(f"{path}/boot_vga", "1\n" if device.get("bootVga") else "0\n")
        tree.link(f"{path}/subsystem", "/bus/pci")
        if "driver" in device:
            self._bind(device, path, keep)
        if "iommuGroup" in device:
            self.join_group(device["iommuGroup"], path, keep)
        if "drm" in device:
            for minor_name in filter(None, (device["drm"]["card"], device["drm"].get("render"))):
                self._add_drm(address, path, minor_name, keep)
        for index, disk in enumerate(self.disks.get(address, ())):
            self._add_disk(path, disk, index)

    def _trigger(self, address, text):
        action = text.split()[0].decode() if text.split() else ""
        if address in self.by_address:
            self.announce(action or "change", address)

    def announce(self, action, address, **more):
        self.uevents.send(action, self.path(address), {"SUBSYSTEM": "pci", **self.properties(address), **more})

    def _bind(self, device, path, keep):
        driver = f"/bus/pci/drivers/{device['driver']}"
        if self.tree.find(driver) is None:
            for name in ("bind", "unbind", "new_id", "remove_id", "uevent"):
                self.tree.file(f"{driver}/{name}", store=lambda _: None)
        self.tree.link(f"{path}/driver", driver)
        self.tree.link(f"{driver}/{device['address']}", path, permanent=keep)

    def join_group(self, group, path, keep):
        above = f"/kernel/iommu_groups/{group}"
        if self.tree.find(above) is None:
            self.tree.directory(f"{above}/devices", permanent=keep)
            self.tree.file(f"{above}/type", "DMA\n")
            self.tree.file(f"{above}/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n")
        self.tree.link(f"{path}/iommu_group", above)
        self.tree.link(f"{above}/devices/{os.path.basename(path)}", path, permanent=keep)

    def leave_group(self, group, name):
        """An empty group is gone, as in the kernel."""
        above = f"/kernel/iommu_groups/{group}"
        self.tree.remove(f"{above}/devices/{name}")
        members = self.tree.find(f"{above}/devices")
        if members is not None and not members.children:
            self.tree.remove(above)

    def _add_drm(self, address, parent, name, keep):
        minor = int("".join(filter(str.isdigit, name)))
        path = f"{parent}/drm/{name}"
        self.tree.file(f"{path}/dev", f"226:{minor}\n")
        lines = f"MAJOR=226\nMINOR={minor}\nDEVNAME=dri/{name}\nDEVTYPE=drm_minor\n"
        self.tree.file(f"{path}/uevent", lines, lambda _: None)
        self.tree.link(f"{path}/subsystem", "/class/drm")
        self.tree.link(f"{path}/device", parent)
        self.tree.link(f"/class/drm/{name}", path, permanent=keep)
        self.tree.link(f"/dev/char/226:{minor}", path, permanent=keep)

    def _drm_names(self, address):
        drm = self.by_address[address].get("drm", {})
        return [drm[key] for key in ("card", "render") if key in drm]

    def announce_drm(self, action, address):
        for name in self._drm_names(address):
            minor = "".join(filter(str.isdigit, name))
            fields = {"SUBSYSTEM": "drm", "MAJOR": "226", "MINOR": minor, "DEVNAME": f"/dev/dri/{name}"}
            self.uevents.send(action, f"{self.path(address)}/drm/{name}", {**fields, "DEVTYPE": "drm_minor"})

    def remove(self, address):
        device, path = self.by_address[address], self.path(address)
        for name in self._drm_names(address):
            self.tree.remove(f"/class/drm/{name}")
            self.tree.remove("/dev/char/226:" + "".join(filter(str.isdigit, name)))
        if "driver" in device:
            self.tree.remove(f"/bus/pci/drivers/{device['driver']}/{address}")
        if "iommuGroup" in device:
            self.leave_group(device["iommuGroup"], address)
        self.tree.remove(f"/bus/pci/devices/{address}")
        self.tree.remove(path)

    def _add_disk(self, parent, disk, index):
        """An NVMe disk; a mounted one has a partition with the device number that its mount point really has."""
        name = disk["name"]
        controller = f"{parent}/nvme/{name.split('n1')[0]}" if name.startswith("nvme") else parent
        if controller != parent:
            self.tree.link(f"{controller}/subsystem", "/class/nvme")
            self.tree.link(f"{controller}/device", parent)
            self.tree.file(f"{controller}/uevent", "", lambda _: None)
            self.tree.link(f"/class/nvme/{os.path.basename(controller)}", controller)
        number_text = f"259:{len(self.tree.find('/block').children) * 16}"
        path = f"{controller}/{name}" if controller != parent else f"{parent}/block/{name}"
        self._add_block(path, name, number_text, "disk", controller)
        self.tree.link(f"/block/{name}", path)
        mount_point = disk.get("mountPoint")
        if mount_point is not None and os.path.ismount(mount_point):
            where = os.stat(mount_point).st_dev
            part = f"{name}p1" if name[-1].isdigit() else f"{name}1"
            self._add_block(f"{path}/{part}", part, f"{os.major(where)}:{os.minor(where)}", "partition", None)
            self.tree.file(f"{path}/{part}/partition", "1\n")

    def _add_block(self, path, name, device_number, kind, controller):
        major, minor = device_number.split(":")
        uevent = f"MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\nDEVTYPE={kind}\n"
        for file, content in (("dev", device_number), ("size", "1000215216"), ("ro", "0"), ("removable", "0")):
            self.tree.file(f"{path}/{file}", content + "\n")
        for file, content in (("rotational", "0"), ("logical_block_size", "512"), ("physical_block_size", "512")):
            self.tree.file(f"{path}/queue/{file}", content + "\n")
        self.tree.directory(f"{path}/holders")
        self.tree.directory(f"{path}/slaves")
        self.tree.file(f"{path}/uevent", uevent, lambda _: None)
        self.tree.link(f"{path}/subsystem", "/class/block")
        if controller is not None:
            self.tree.link(f"{path}/device", controller)
        self.tree.link(f"/class/block/{name}", path)
        if self.tree.find(f"/dev/block/{device_number}") is None:
            self.tree.link(f"/dev/block/{device_number}", path)

    def _add_iommus(self):
        """One remapping unit for the graphics and one for all else, as on Intel's clients; none without groups."""
        self.tree.directory("/class/iommu")
        if not any("iommuGroup" in each for each in self.by_address.values()):
            return
        for name in ("dmar0", "dmar1"):
            path = f"/devices/virtual/iommu/{name}"
            self.tree.directory(f"{path}/devices")
            self.tree.file(f"{path}/intel-iommu/version", "1:0\n")
            self.tree.file(f"{path}/uevent", "", lambda _: None)
            self.tree.link(f"{path}/subsystem", "/class/iommu")
            self.tree.link(f"/class/iommu/{name}", path)
