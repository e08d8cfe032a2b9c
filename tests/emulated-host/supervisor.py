# SPDX-License-Identifier: LGPL-2.1-or-later
"""First process of an emulated host's namespaces.

Reads its settings as one JSON line from standard input, lets a child build the host, answers with one JSON line on
standard output and then only waits: standard input at its end means that the owner is gone, and with this process
everything in the namespaces ends. It never looks at /sys, or a held request could keep it, and so the host, alive.
"""

import json
import os
import select
import signal
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def build(settings, status):
    from namespace import services, setup

    try:
        setup.build(settings)
        answer = {"ready": True}
    except (services.NotReady, OSError) as error:
        answer = {"ready": False, "error": str(error)}
    except Exception:
        answer = {"ready": False, "error": traceback.format_exc()}
    os.write(status, json.dumps(answer).encode() + b"\n")


def main():
    # /proc is still the owner's here, so it tells the number by which the owner knows us.
    outer_pid = int(os.readlink("/proc/self"))
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, 1 << 20)
        if not data:
            return
        line += data
    os.write(1, json.dumps({"pid": outer_pid}).encode() + b"\n")
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    if os.fork() == 0:
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL)
        os.close(0)
        os.open("/dev/null", os.O_RDONLY)
        build(json.loads(line), 1)
        os._exit(0)
    while True:
        readable, _, _ = select.select([0, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            reap()
        if 0 in readable and not os.read(0, 4096):
            return


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
