# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mounts the emulated /sys and serves it until the namespace ends."""

import os
import selectors

from .control import Control
from .fuse import Server
from .machine import Machine
from .uevent import Broadcaster


def open_device():
    """Not inherited by any program: the file system must end with this process alone."""
    return os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)


def mount_options(fd):
    return f"fd={fd},rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions"


def serve(fd, host, control_path):
    uevents = Broadcaster()
    machine = Machine(host, uevents)
    server = Server(fd, machine.tree)
    selector = selectors.DefaultSelector()
    Control(control_path, machine, server, selector)
    selector.register(fd, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select(uevents.wait_s()):
            if key.fd != fd:
                key.data()
            elif not server.serve_one():
                return
        uevents.flush()
