# SPDX-License-Identifier: LGPL-2.1-or-later
"""Becomes dbus-broker's launcher, as systemd would start it: broker.py SOCKET.

The launcher takes the bus socket from the service manager and writes to the journal only; its other part of systemd,
the activation of services, is not there. It reads the machine's own /usr/share/dbus-1/system.conf and policies.
"""

import os
import select
import socket
import sys

JOURNAL = "/run/systemd/journal/socket"
FIRST_PASSED_FD = 3


def bound(path, kind):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)  # Left by one that was killed.
    new = socket.socket(socket.AF_UNIX, kind)
    new.bind(path)
    os.chmod(path, 0o666)
    return new


def messages(datagram):
    """Their texts in the journal's form; those with line feeds are longer than anything here needs."""
    return [line[len(b"MESSAGE=") :] for line in datagram.split(b"\n") if line.startswith(b"MESSAGE=")]


def keep_journal(journal, end):
    """Prints what is logged until the launcher ends, which alone has the other side of the pipe."""
    while end not in select.select([journal, end], [], [])[0]:
        for text in messages(journal.recv(1 << 20)):
            os.write(1, text + b"\n")
    os._exit(0)


def main(path):
    journal = bound(JOURNAL, socket.SOCK_DGRAM)
    end, held = os.pipe()
    if os.fork() == 0:
        os.close(held)
        keep_journal(journal, end)
    journal.close()
    os.close(end)
    os.set_inheritable(held, True)
    bus = bound(path, socket.SOCK_STREAM)
    bus.listen(4096)
    if bus.fileno() != FIRST_PASSED_FD:
        os.dup2(bus.fileno(), FIRST_PASSED_FD)
    os.set_inheritable(FIRST_PASSED_FD, True)
    passed = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execvpe("dbus-broker-launch", ["dbus-broker-launch", "--scope", "system"], {**os.environ, **passed})


if __name__ == "__main__":
    main(*sys.argv[1:])
