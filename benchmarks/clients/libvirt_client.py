# SPDX-License-Identifier: LGPL-2.1-or-later
"""The peers python3-libvirt and virsh; it also makes and removes vGPUs in /sys and says when libvirt told of them."""

import subprocess
import threading
import time

import libvirt
from worker import elapsed, serve

WAIT_S = 60
EVENTS = {libvirt.VIR_NODE_DEVICE_EVENT_CREATED: "created", libvirt.VIR_NODE_DEVICE_EVENT_DELETED: "deleted"}


class Client:
    def __init__(self):
        self.connection = None
        self.devices = []
        self.seen = {}  # (event, UUID with underscores) → when
        self.news = threading.Condition()

    def open(self, events):
        """Without events as a plain script. Who wants them runs the event loop, which costs each call some time."""
        if events:
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=self._run_events, daemon=True).start()
        self.connection = libvirt.open("qemu:///system")

    def _run_events(self):
        while True:
            libvirt.virEventRunDefaultImpl()

    def names(self):
        return [device.name() for device in self.connection.listAllDevices(0)]

    def prepare(self, names):
        self.devices = [self.connection.nodeDeviceLookupByName(name) for name in names]

    def lookUpAndAskActive(self, names):
        def work():
            for name in names:
                self.connection.nodeDeviceLookupByName(name).isActive()

        return elapsed(work)[1]

    def readXml(self):
        def work():
            for device in self.devices:
                device.XMLDesc(0)

        return elapsed(work)[1]

    def readAllXml(self):
        def work():
            return [device.XMLDesc(0) for device in self.connection.listAllDevices(0)]

        documents, ns = elapsed(work)
        return {"ns": ns, "documents": len(documents), "bytes": sum(map(len, documents))}

    def readAllRecords(self):
        """What the binding's records hold. The root of the tree has no parent, which libvirt reports as an error."""

        def work():
            records = []
            for each in self.connection.listAllDevices(0):
                try:
                    parent = each.parent()
                except libvirt.libvirtError:
                    parent = None
                state = (each.isActive(), each.isPersistent(), each.autostart())
                records.append((each.name(), parent, each.XMLDesc(0), *state))
            return records

        records, ns = elapsed(work)
        return {"ns": ns, "documents": len(records)}

    def runVirsh(self, names):
        def work():
            for name in names:
                subprocess.run(["virsh", "-q", "nodedev-dumpxml", name], stdout=subprocess.DEVNULL, check=True)

        return elapsed(work)[1]

    def watch(self):
        def changed(_connection, device, event, _detail, _opaque):
            now = time.monotonic_ns()
            if event in EVENTS:
                with self.news:
                    self.seen[(EVENTS[event], device.name())] = now
                    self.news.notify_all()

        lifecycle = libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
        self.connection.nodeDeviceEventRegisterAny(None, lifecycle, changed, None)

    def createVgpus(self, vgpus):
        """Straight through the kernel, without mdevctl: only the result is wanted."""
        for uuid, parent, kind in vgpus:
            with open(f"/sys/class/mdev_bus/{parent}/mdev_supported_types/{kind}/create", "w") as file:
                file.write(uuid)

    def removeVgpu(self, uuid):
        with open(f"/sys/bus/mdev/devices/{uuid}/remove", "w") as file:
            file.write("1")

    def waitForEvent(self, event, uuid):
        """When libvirt's event came."""
        wanted = uuid.replace("-", "_")

        def find():
            return next((at for (kind, name), at in self.seen.items() if kind == event and wanted in name), None)

        with self.news:
            if not self.news.wait_for(find, WAIT_S):
                raise TimeoutError(f"libvirt told of no {event} {uuid} within {WAIT_S} s")
            found = find()
            self.seen.clear()
            return found


client = Client()
serve({name: getattr(client, name) for name in dir(Client) if not name.startswith("_")})
