# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemons inside: how each is started, when it is ready, how it ends. Also a command: services.py start NAME."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from functools import partial

from . import broker, bus
from .files import DAEMON_USER, find_first

BASE = "/run/emulated-host"
POLKITD = ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd", "/usr/libexec/polkit-1/polkitd")
LIBVIRTD = ("/usr/sbin/libvirtd", "/usr/bin/libvirtd")
# There when vgpud is traced.
TRACES = f"{BASE}/traces"
BUS_SOCKET = "/run/dbus/system_bus_socket"
LIBVIRT_SOCKET = "/run/libvirt/libvirt-sock"
# One daemon for each driver, in place of libvirtd; the value is the driver's module.
SPLIT_DAEMONS = {"virtqemud": "libvirt_driver_qemu.so", "virtnodedevd": "libvirt_driver_nodedev.so"}
READY_TIMEOUT_S = 30
POLL_S = 0.002
# A first start without QEMU's capability cache runs every emulator once.
LIBVIRT_TIMEOUT_S = 90


def environment():
    path = f"{BASE}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LANG": "C.UTF-8", "SYSTEMD_DEVICE_VERIFY_SYSFS": "0", "LIBVIRT_DEFAULT_URI": "qemu:///system"}


def log_path(name):
    return f"{BASE}/log/{name}.log"


def log_tail(name, lines=15):
    try:
        with open(log_path(name), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except FileNotFoundError:
        return ""


def spawn(name, arguments, user=None, extra_environment=None):
    """Starts a daemon; its output goes to its log, its pid to a file."""
    with open(log_path(name), "ab") as log:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**environment(), **(extra_environment or {})},
            start_new_session=True,
            umask=0o077 if user else 0o022,
            **({"user": user, "group": user, "extra_groups": []} if user else {}),
        )
    with open(f"{BASE}/pid/{name}", "w", encoding="utf-8") as file:
        file.write(f"{process.pid}\n")
    return process


class NotReady(Exception):
    pass


def wait_for(name, process, condition, timeout_s, news=()):
    """Until the condition holds; a daemon that ends before says so with its log. Without news it is asked every 2 ms."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if process.poll() is not None:
            raise NotReady(f"{name} ended with status {process.returncode} while starting:\n{log_tail(name)}")
        if time.monotonic() > deadline:
            raise NotReady(f"{name} is not ready after {timeout_s} s:\n{log_tail(name)}")
        select.select(news, [], [], POLL_S if not news else max(0, deadline - time.monotonic()))


def listens(path):
    """A daemon makes its socket's file a moment before it listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def start_bus():
    if bus_program() == "dbus-broker":
        return spawn("bus", [sys.executable, "-I", "-S", broker.__file__, BUS_SOCKET])
    return spawn("bus", ["dbus-daemon", "--system", "--nofork", "--nopidfile", "--nosyslog"])


def bus_program():
    with open(f"{BASE}/bus-program", encoding="utf-8") as file:
        return file.read()


def bus_is_ready(process):
    wait_for("bus", process, lambda: listens(BUS_SOCKET), READY_TIMEOUT_S)


def start_polkit():
    return spawn("polkit", [find_first(POLKITD, "polkitd"), "--no-debug"])


def polkit_is_ready(process):
    name_is_owned("polkit", process, "org.freedesktop.PolicyKit1")


def name_is_owned(service, process, name):
    end_of_process = os.pidfd_open(process.pid)
    try:
        with bus.Connection(BUS_SOCKET) as connection:
            connection.watch(name)
            news = (connection.socket, end_of_process)
            wait_for(service, process, lambda: connection.has_owner(name), READY_TIMEOUT_S, news)
    finally:
        os.close(end_of_process)


def start_libvirtd():
    for name in ("libvirt-sock", "libvirt-sock-ro", "libvirt-admin-sock"):
        try:
            os.unlink(f"/run/libvirt/{name}")  # Left by one that was killed.
        except FileNotFoundError:
            pass
    return spawn("libvirtd", [find_first(LIBVIRTD, "libvirtd")])


def libvirtd_is_ready(process):
    wait_for(
        "libvirtd",
        process,
        lambda: listens(LIBVIRT_SOCKET) and listens(f"{LIBVIRT_SOCKET}-ro"),
        LIBVIRT_TIMEOUT_S,
    )


def split_daemon(name):
    """The daemon itself where a package has it; None for a libvirtd with one driver, at the place of its sockets."""
    return next((path for path in (f"/usr/sbin/{name}", f"/usr/bin/{name}") if os.access(path, os.X_OK)), None)


def start_split(name):
    own = f"/run/libvirt/{name}"
    for path in (f"/run/libvirt/{name}-sock", f"{own}/libvirt-sock"):
        for suffix in ("", "-ro"):
            try:
                os.unlink(path + suffix)  # Left by one that was killed.
            except FileNotFoundError:
                pass
    program = split_daemon(name)
    if program is not None:
        return spawn(name, [program])
    for suffix in ("", "-ro"):
        os.symlink(f"{name}/libvirt-sock{suffix}", f"/run/libvirt/{name}-sock{suffix}")
    arguments = [find_first(LIBVIRTD, "libvirtd"), "--config", f"/etc/libvirt/{name}.conf", "--pid-file", f"{own}/pid"]
    return spawn(name, arguments, extra_environment={"LIBVIRT_DRIVER_DIR": f"{BASE}/split/{name}"})


def split_is_ready(name, process):
    path = f"/run/libvirt/{name}-sock"
    wait_for(name, process, lambda: listens(path) and listens(f"{path}-ro"), LIBVIRT_TIMEOUT_S)


def start_vgpud():
    program = [f"{BASE}/bin/node", "--disable-proto=delete", f"{BASE}/app/packages/dbus-service/dist/main.js"]
    environment = {"HOME": "/var/lib/vgpud", "STATE_DIRECTORY": "/var/lib/vgpud"}
    return spawn("vgpud", [*tracer(), *program], DAEMON_USER, environment)


def tracer():
    """Writes down every program that vgpud starts, or tries to; one file for each of its lives. -D leaves it its pid."""
    if not os.path.isdir(TRACES):
        return []
    output = f"{TRACES}/{len(os.listdir(TRACES))}"
    return ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve,execveat", "-e", "signal=none", "-o", output]


def vgpud_is_ready(process):
    name_is_owned("vgpud", process, "me.phyllo.Vgpu1")


STARTERS = {
    "bus": (start_bus, bus_is_ready),
    "polkit": (start_polkit, polkit_is_ready),
    "libvirtd": (start_libvirtd, libvirtd_is_ready),
    **{name: (partial(start_split, name), partial(split_is_ready, name)) for name in SPLIT_DAEMONS},
    "vgpud": (start_vgpud, vgpud_is_ready),
}


def start(name):
    starter, is_ready = STARTERS[name]
    process = starter()
    is_ready(process)
    return process


def kill(name, signal_name):
    """Ends the daemon and waits until it is gone."""
    with open(f"{BASE}/pid/{name}", encoding="utf-8") as file:
        pid = int(file.read())
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, getattr(signal, signal_name))
    if signal_name not in ("SIGSTOP", "SIGCONT") and not select.select([descriptor], [], [], READY_TIMEOUT_S)[0]:
        raise NotReady(f"{name} is still there {READY_TIMEOUT_S} s after {signal_name}")


def main(arguments):
    command, name, *rest = arguments
    try:
        if command == "start":
            start(name)
        elif command == "kill":
            kill(name, *rest)
        else:
            raise NotReady(f"no such command: {command}")
    except (NotReady, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
