# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside: dbus-service-proxy.py PATH. Passes one connection on to the system bus; a second one cuts it."""

import os
import socket
import sys
import threading

path = sys.argv[1]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
bus = socket.socket(socket.AF_UNIX)
bus.connect("/run/dbus/system_bus_socket")
client, _ = server.accept()


def copy(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    os._exit(0)


for pair in ((client, bus), (bus, client)):
    threading.Thread(target=copy, args=pair, daemon=True).start()
server.accept()
os._exit(0)
