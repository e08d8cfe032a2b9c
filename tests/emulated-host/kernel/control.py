# SPDX-License-Identifier: LGPL-2.1-or-later
"""The control socket: one JSON object a line in, one a line out. README.md lists the commands."""

import errno
import json
import os
import socket


class Control:
    def __init__(self, path, machine, server, selector):
        self.machine, self.server, self.selector = machine, server, selector
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(8)
        self.pending = {}
        selector.register(self.listener, 1, self.accept)

    def accept(self):
        client, _ = self.listener.accept()
        self.pending[client] = b""
        self.selector.register(client, 1, lambda: self.receive(client))

    def receive(self, client):
        try:
            data = client.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.selector.unregister(client)
            del self.pending[client]
            client.close()
            return
        *lines, self.pending[client] = (self.pending[client] + data).split(b"\n")
        for line in lines:
            client.sendall(json.dumps(self.answer(line)).encode() + b"\n")

    def answer(self, line):
        try:
            request = json.loads(line)
            command = getattr(self, "do_" + request.pop("command"))
            return {"ok": True, "result": command(**request)}
        except Exception as error:  # Whatever was wrong with the request, the host goes on.
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    def do_unplug(self, parent):
        self.machine.unplug(parent)

    def do_plug(self, parent):
        self.machine.plug(parent)

    def do_fail(self, errno_name, count=1):
        self.machine.faults.errors += [getattr(errno, errno_name)] * count

    def do_busy(self, uuid):
        self.machine.faults.busy.add(uuid)

    def do_free(self, uuid):
        self.machine.faults.busy.discard(uuid)

    def do_lie(self, parent, type, count=None):
        """Without a count the truth is shown again."""
        self.machine.faults.lies[(parent, type)] = count

    def do_hold(self):
        self.machine.faults.hold = True

    def do_release(self):
        self.machine.faults.hold = False
        self.server.release()

    def do_dropUevents(self, count=1):
        self.machine.uevents.drop = count

    def do_delayUevents(self, ms):
        self.machine.uevents.delay_s = ms / 1000

    def do_state(self):
        mdevs = self.machine.mdevs
        running = [
            {"uuid": uuid, "parent": parent.name, "type": type_id, "iommuGroup": mdevs.groups[uuid]}
            for parent in mdevs.parents.values()
            for uuid, type_id in parent.running.items()
        ]
        return {
            "mdevs": running,
            "available": {
                parent.name: {type_id: mdevs.available(parent, type_id) for type_id in parent.model.types}
                for parent in mdevs.parents.values()
            },
            "unplugged": sorted(self.machine.unplugged),
            "heldWriters": len(self.server.held),
            "delayedUevents": len(self.machine.uevents.later),
        }
