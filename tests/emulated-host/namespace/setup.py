# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turns a fresh set of namespaces into the emulated host and starts what runs on it."""

import fcntl
import glob
import os
import socket
import stat
import struct
import subprocess

from kernel import main as kernel

from . import files, mounts, services

BASE = services.BASE
DRIVERS = tuple(services.SPLIT_DAEMONS.values())
# (name, major, minor)
CHARACTER_DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
IFF_UP = 1


def prepare(settings):
    """Everything that needs no daemon. The order matters: /run first, since it holds our own files."""
    host = settings["host"]
    socket.sethostname(host["name"])
    mounts.tmpfs("/run")
    for name in ("bin", "log", "pid", "files", "system", "app/packages", "app/node_modules"):
        os.makedirs(f"{BASE}/{name}")
    mounts.write(f"{BASE}/bus-program", settings["bus"])
    loopback_up()
    own_proc(host["kernel"])
    own_dev()
    own_etc(host)
    own_libvirt(settings)
    own_udev()
    own_app(settings)
    if settings["bus"] == "dbus-broker":
        no_activation()


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", IFF_UP))  # SIOCSIFFLAGS


def own_proc(kernel_facts):
    contents = files.proc_files(kernel_facts)
    mounts.mount("proc", "/proc", "proc")
    for path, content in contents.items():
        mounts.cover_file(path, content, 0o444)
    mounts.private_directory("/boot")
    mounts.write(f"/boot/config-{kernel_facts['release']}", files.kernel_config(kernel_facts))


def own_dev():
    new = f"{BASE}/dev"
    os.mkdir(new)
    mounts.tmpfs(new)
    for name, major, minor in CHARACTER_DEVICES:
        os.mknod(f"{new}/{name}", 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        os.chmod(f"{new}/{name}", 0o666)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{new}/{name}")
    for name in ("pts", "shm", "vfio", "net"):
        os.mkdir(f"{new}/{name}")
    mounts.mount("devpts", f"{new}/pts", "devpts", mounts.MS_NOSUID, "newinstance,ptmxmode=0666,mode=0620")
    mounts.tmpfs(f"{new}/shm", 0o1777)
    os.symlink("pts/ptmx", f"{new}/ptmx")
    mounts.move(new, "/dev")


def own_etc(host):
    passwd, group = files.accounts(open("/etc/passwd", encoding="utf-8").read(), open("/etc/group", encoding="utf-8").read())
    mounts.cover_file("/etc/passwd", passwd)
    mounts.cover_file("/etc/group", group)
    mounts.cover_file("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host['name']}\n::1 localhost\n")
    for path in ("/etc/polkit-1/rules.d", "/etc/mdevctl.d"):
        mounts.private_directory(path)
    for name in ("callouts", "notifiers"):
        os.makedirs(f"/etc/mdevctl.d/scripts.d/{name}")
    for mdev in host["mdevs"]:
        if mdev["persistent"]:
            os.makedirs(f"/etc/mdevctl.d/{mdev['parent']}", exist_ok=True)
            mounts.write(f"/etc/mdevctl.d/{mdev['parent']}/{mdev['uuid']}", files.mdev_definition(mdev))


def own_libvirt(settings):
    for path in ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"):
        mounts.private_directory(path)
    for path in ("/etc/libvirt/qemu/autostart", "/var/log/libvirt/qemu", "/run/libvirt", "/run/dbus", "/run/lock"):
        os.makedirs(path)
    mounts.write("/etc/libvirt/libvirtd.conf", files.libvirtd_conf(settings["host"]))
    mounts.write("/etc/libvirt/qemu.conf", files.QEMU_CONF, 0o600)
    # Running every emulator once costs seconds, so libvirt's own cache is kept between hosts.
    cache = "/var/cache/libvirt/qemu/capabilities"
    os.makedirs(cache)
    mounts.bind(settings["capabilityCache"], cache)
    for pattern in ("/usr/lib/*/libvirt/connection-driver", "/usr/lib*/libvirt/connection-driver"):
        for directory in glob.glob(pattern):
            keep_only(directory, DRIVERS)
            split_drivers(directory)
    for name in services.SPLIT_DAEMONS:
        conf = files.libvirtd_conf(settings["host"])
        if services.split_daemon(name) is None:
            os.mkdir(f"/run/libvirt/{name}")
            conf += f'unix_sock_dir = "/run/libvirt/{name}"\n'
        mounts.write(f"/etc/libvirt/{name}.conf", conf)


def split_drivers(directory):
    """A folder for each daemon of its own with the one driver it has."""
    for name, driver in services.SPLIT_DAEMONS.items():
        os.makedirs(f"{BASE}/split/{name}", exist_ok=True)
        if os.path.exists(f"{directory}/{driver}"):
            open(f"{BASE}/split/{name}/{driver}", "w", encoding="utf-8").close()
            mounts.bind(f"{directory}/{driver}", f"{BASE}/split/{name}/{driver}")


def keep_only(directory, names):
    """Drivers that nobody asks for (network, storage, …) would double the time to start."""
    aside = f"{BASE}/drivers"
    os.makedirs(aside, exist_ok=True)
    mounts.bind(directory, aside)
    mounts.tmpfs(directory)
    for name in names:
        if os.path.exists(f"{aside}/{name}"):
            open(f"{directory}/{name}", "w", encoding="utf-8").close()
            mounts.bind(f"{aside}/{name}", f"{directory}/{name}")
    mounts.unmount(aside)


def own_udev():
    """A database directory and a control file make libudev believe in udevd."""
    os.makedirs("/run/udev/data")
    mounts.write("/run/udev/control", "")
    udevadm = next((path for path in ("/usr/bin/udevadm", "/bin/udevadm", "/sbin/udevadm") if os.path.exists(path)), None)
    if udevadm is not None:
        real = f"{BASE}/real-udevadm"
        open(real, "w", encoding="utf-8").close()
        mounts.bind(os.path.realpath(udevadm), real)
        mounts.cover_file(os.path.realpath(udevadm), files.UDEVADM.format(real=real), 0o755)


def own_app(settings):
    """vgpud and vgpuctl, at a place that the daemon's user can read wherever the checkout is."""
    app, checkout = f"{BASE}/app", settings["checkout"]
    mounts.bind(f"{checkout}/packages", f"{app}/packages", read_only=True)
    mounts.bind(f"{checkout}/node_modules", f"{app}/node_modules", read_only=True)
    open(f"{BASE}/bin/node", "w", encoding="utf-8").close()
    mounts.bind(settings["node"], f"{BASE}/bin/node", read_only=True)
    script = f'#!/bin/sh\nexec {BASE}/bin/node {app}/packages/cli/dist/main.js "$@"\n'
    mounts.write(f"{BASE}/bin/vgpuctl", script, 0o755)
    mounts.private_directory("/var/lib/vgpud", 0o700)
    os.chown("/var/lib/vgpud", *user_ids(files.DAEMON_USER))
    if settings["traceVgpud"]:
        os.mkdir(services.TRACES, 0o700)
        os.chown(services.TRACES, *user_ids(files.DAEMON_USER))
    for pattern, target in (
        ("*.conf", "/usr/share/dbus-1/system.d"),
        ("*.policy", "/usr/share/polkit-1/actions"),
        ("*.rules", "/usr/share/polkit-1/rules.d"),
        ("*.xml", "/usr/share/dbus-1/interfaces"),
        ("me.phyllo.*.service", "/usr/share/dbus-1/system-services"),
    ):
        install(glob.glob(f"{checkout}/packages/dbus-service/data/**/{pattern}", recursive=True), target)


def no_activation():
    """dbus-broker asks systemd to activate services. As there is none, its name must not wait to be activated either."""
    systemd = "/usr/share/dbus-1/system-services/org.freedesktop.systemd1.service"
    if os.path.exists(systemd):
        os.unlink(systemd)


def install(sources, target):
    """Data files of ours beside those of the machine."""
    if sources:
        mounts.ensure_directory(target)
        mounts.open_directory(target)
    for source in sources:
        with open(source, encoding="utf-8") as file:
            mounts.write(f"{target}/{os.path.basename(source)}", file.read())


def user_ids(name):
    import pwd

    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def mount_sys(fd, host):
    """From here on /sys is the emulated one. Returns when the first look at it was answered."""
    real_system = os.path.isdir("/sys/devices/system")  # Processors and memory stay the machine's own.
    if real_system:
        mounts.bind("/sys/devices/system", f"{BASE}/system")
    if os.path.ismount("/sys"):
        mounts.unmount("/sys")  # With its cgroups, or libvirt would look for them.
    mounts.mount("emulated-host", "/sys", "fuse", mounts.MS_NOSUID | mounts.MS_NODEV, kernel.mount_options(fd))
    if os.fork() == 0:
        try:
            log = os.open(services.log_path("kernel"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            null = os.open("/dev/null", os.O_RDONLY)
            for old, new in ((null, 0), (log, 1), (log, 2)):
                os.dup2(old, new)
            kernel.serve(fd, host, f"{BASE}/control")
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(fd)
    os.stat("/sys/bus/pci/devices")
    if real_system:
        mounts.bind(f"{BASE}/system", "/sys/devices/system", read_only=True)


def run(arguments, text=None):
    """A real tool that prepares the host; its refusal is a mistake in the host file."""
    done = subprocess.run(arguments, env=services.environment(), input=text, capture_output=True, text=True, check=False)
    # virsh with several commands ends with the last one's status, but each failure is said on standard error.
    if done.returncode != 0 or "error:" in done.stderr:
        raise services.NotReady(f"{' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}")


def start_mdevs(host):
    for mdev in host["mdevs"]:
        if mdev["active"] and mdev["persistent"]:
            run(["mdevctl", "start", "-u", mdev["uuid"], "-p", mdev["parent"]])
        elif mdev["active"]:
            source = ["-u", mdev["uuid"], "-p", mdev["parent"], "--jsonfile", "/dev/stdin"]
            run(["mdevctl", "start", *source], files.mdev_definition(mdev))


def define_domains(host):
    """One virsh for all."""
    commands = []
    for index, domain in enumerate(host["domains"]):
        path = f"{BASE}/files/domain-{index}.xml"
        text = "\n".join(domain["xml"]) + "\n"
        mounts.write(path, text, 0o600)
        commands.append(f"define {path}")
        name = text.partition("<name>")[2].partition("</name>")[0]
        if domain.get("autostart"):
            commands.append(f"autostart {name}")
        if domain.get("running"):
            commands.append(f"start {name}")
    if commands:
        run(["virsh", "-q", "-c", "qemu:///system", "; ".join(commands)])


def find_node_devices():
    """Listing them waits until libvirt has found them all."""
    run(["virsh", "-q", "-c", "nodedev:///system", "nodedev-list"])


def build(settings):
    """The whole host. Independent daemons start side by side."""
    host, wanted = settings["host"], settings["services"]
    fuse = kernel.open_device()  # Before /dev is private.
    prepare(settings)
    started = {}
    if "bus" in wanted:
        started["bus"] = services.start_bus()
    mount_sys(fuse, host)
    start_mdevs(host)
    if "bus" in wanted:
        services.bus_is_ready(started["bus"])
    hypervisors = [name for name in ("libvirtd", *services.SPLIT_DAEMONS) if name in wanted]
    for name in hypervisors:
        started[name] = services.STARTERS[name][0]()
    if "polkit" in wanted:
        started["polkit"] = services.start_polkit()
    for name in hypervisors:
        services.STARTERS[name][1](started[name])
    if "libvirtd" in wanted or "virtqemud" in wanted:
        define_domains(host)
    if "libvirtd" in wanted or "virtnodedevd" in wanted:
        find_node_devices()
    if "polkit" in wanted:
        services.polkit_is_ready(started["polkit"])
    if "vgpud" in wanted:
        services.start("vgpud")
