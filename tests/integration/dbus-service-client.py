# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside, as any user: a client with GDBus, as desktops have, that stays on the bus until its input ends.

Prints its process id and start time, as polkit names a process. Then it makes the calls that it reads, each a line of JSON, `id`, `path`, `interface`, `member`,
`args` (GVariant text), `timeoutMs` (-1: GDBus's own), and allows a dialog for all of them. Prints for each, when it is
over, a line with `id` and `reply` (GVariant text) or `error` (D-Bus or GIO name) and `message`.
"""

import json
import os
import sys
import threading

from gi.repository import Gio, GLib

busName = sys.argv[1]
loop = GLib.MainLoop()
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)


def tell(line):
    print(json.dumps(line), flush=True)


def call(asked):
    def over(connection, result):
        try:
            tell({"id": asked["id"], "reply": connection.call_finish(result).print_(False)})
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            if name is None:
                name = "Timeout" if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT) else error.domain
            tell({"id": asked["id"], "error": name, "message": error.message})

    try:
        args = GLib.Variant.parse(None, asked["args"], None, None)
    except GLib.Error as error:
        return tell({"id": asked["id"], "error": "InvalidText", "message": error.message})
    bus.call(
        busName,
        asked["path"],
        asked["interface"],
        asked["member"],
        args,
        None,
        Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION,
        asked["timeoutMs"],
        None,
        over,
    )


def read():
    for line in sys.stdin:
        GLib.idle_add(call, json.loads(line))
    GLib.idle_add(loop.quit)


# proc_pid_stat(5), field 22; the name before it may hold blanks.
stat = open("/proc/self/stat").read().rpartition(")")[2].split()
tell({"pid": os.getpid(), "startTime": int(stat[19])})
threading.Thread(target=read, daemon=True).start()
loop.run()
