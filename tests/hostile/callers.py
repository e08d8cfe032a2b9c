# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside, as root: callers.py USER CALLER. Behaves badly towards vgpud as USER, and prints what came of it as JSON."""

import collections
import contextlib
import json
import os
import select
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire  # noqa: E402

NAME = "me.phyllo.Vgpu1"
ROOT = "/me/phyllo/Vgpu1"
MANAGER, MANAGER_INTERFACE = f"{ROOT}/manager", f"{NAME}.Manager"
GPU, GPU_INTERFACE = f"{ROOT}/gpu/0000_00_02_0", f"{NAME}.Gpu"
VGPU = f"{ROOT}/vgpu/7686131b_b229_4768_a02c_35d1dbed7c66_0000_00_02_0"
DOMAIN = f"{ROOT}/domain/2f6d3f3e_6f2c_4b0b_9a39_5c0f6f5b8c11"
PEER, PROPERTIES = "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
PIPELINED = 10_000
BURST = 200


def raw(signature, payload, **options):
    fields = wire.call_fields(MANAGER, MANAGER_INTERFACE, "FindVgpus", NAME, signature)
    return wire.message(2, fields, payload, **options)


def text(value):
    return struct.pack("<I", len(value)) + value + b"\0"


def malformed():
    """Messages that the bus itself refuses; it closes the connection. What is printed are those it let pass."""
    wrong = {
        "another length": raw("s", struct.pack("<I", 999) + b"x\0"),
        "no NUL": raw("s", struct.pack("<I", 1) + b"xx"),
        "no UTF-8": raw("s", text(b"\xff\xfe")),
        "NUL within": raw("s", text(b"a\0b")),
        "no signature": raw("", text(b"x")),
        "wrong signature": raw("a{", text(b"x")),
        "variant key": raw("a{vs}", struct.pack("<I", 0)),
        "deep signature": raw("a" * 40 + "s", struct.pack("<I", 0)),
        "a boolean of 7": raw("b", struct.pack("<I", 7)),
        "no object path": raw("o", text(b"not/a/path")),
        "a path with ..": raw("o", text(b"/me/../etc/victim")),
        "padding": wire.message(2, wire.call_fields(MANAGER, PEER, "Ping", NAME, "yu"), b"\1\7\7\7\1\0\0\0"),
        "version 2": b"l\1\0\2" + raw("s", text(b"x"))[4:],
        "no byte order": b"?" + raw("s", text(b"x"))[1:],
        "type 0": raw("s", text(b"x"), kind=0),
        "serial 0": wire.message(0, wire.call_fields(MANAGER, PEER, "Ping", NAME)),
        "4 GiB": b"l\1\0\1" + struct.pack("<III", 0xFFFFFFF0, 2, 0xFFFFFFF0),
        "no member": wire.message(2, [(1, "o", MANAGER), (6, "s", NAME)]),
        "a member with a blank": wire.message(2, wire.call_fields(MANAGER, PEER, "Pi ng", NAME)),
        "a path that is none": wire.message(2, wire.call_fields("/me//x", PEER, "Ping", NAME)),
        "noise": os.urandom(4096),
    }
    passed = []
    for name, data in wrong.items():
        connection = wire.Connection(10)
        connection.send(data)
        if not connection.is_closed():
            passed.append(name)
        connection.close()
    return passed


def pipelined():
    """Calls without a look at the answers, and then the answers: how many of each kind."""
    connection = wire.Connection()
    calls = {}
    for index in range(PIPELINED):
        target = ((MANAGER, PEER, "Ping"), (f"{ROOT}/{index}", PEER, "Nothing"))[index % 2]
        calls[connection.call(*target)] = None
    kinds = collections.Counter()
    while calls:
        connection.read()
        for reply in connection.replies():
            if reply.serial in calls:
                del calls[reply.serial]
                kinds[reply.error or ""] += 1
    return kinds


@contextlib.contextmanager
def beside(user, behave):
    """Somebody who behaves like that, as that user, until the end; it has begun when he says so. We stay root."""
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(begun)
        wire.become(user)
        behave(lambda: os.write(tell, b"."))
        os._exit(1)
    os.close(tell)
    try:
        if os.read(begun, 1) != b".":
            raise RuntimeError("it did not begin")
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def unread(user):
    """
    Never reads, and stays: asks for everything as often as the bus allows, and as often without wanting an answer. How
    many seconds somebody else waits at most.
    """

    def behave(begun):
        connections = [wire.Connection() for _ in range(100)]
        for connection in connections:
            for flags in (0, wire.NO_REPLY):
                for _ in range(BURST):
                    connection.call(ROOT, OBJECTS, "GetManagedObjects", flags=flags)
        begun()
        signal.pause()

    with beside(user, behave):
        longest = 0
        for _ in range(20):
            start = time.monotonic()
            connection = wire.Connection(30)
            connection.ask(MANAGER, PEER, "Ping")
            connection.ask(ROOT, OBJECTS, "GetManagedObjects")
            connection.close()
            longest = max(longest, time.monotonic() - start)
    return longest


def reading():
    """Asks for everything, over many connections, faster than it reads the answers: how many there are."""
    connections = [wire.Connection() for _ in range(50)]
    for connection in connections:
        for _ in range(10):
            connection.call(ROOT, OBJECTS, "GetManagedObjects")
    answers = 0
    while answers < 500:
        ready, _, _ = select.select([connection.socket for connection in connections], [], [], 60)
        if not ready:
            break
        for connection in connections:
            if connection.socket in ready:
                connection.read()
                answers += sum(reply.kind == wire.RETURN for reply in connection.replies())
    return answers


def preview(connection, flags=0):
    arguments = (DOMAIN, f"{NAME}.Domain", "AssignVgpu", [("o", VGPU), ("a{sv}", [])])
    return connection.call(MANAGER, MANAGER_INTERFACE, "Preview", "ossav", arguments, flags=flags)


def previews(user):
    """Asks for previews without end. The errors that root gets for changes meanwhile."""

    def behave(begun):
        connections = [wire.Connection() for _ in range(6)]
        while True:
            for connection in connections:
                for _ in range(40):
                    preview(connection, wire.NO_REPLY)
            begun()
            # As many as there can be: each is answered before the next ones are sent.
            connections[0].ask(MANAGER, PEER, "Ping")

    errors = []
    with beside(user, behave):
        connection = wire.Connection()
        for _ in range(10):
            reply = connection.ask(VGPU, f"{NAME}.Vgpu", "SetAutostart", "ba{sv}", (1, []))
            if reply.error:
                errors.append(reply.error)
        connection.ask(VGPU, f"{NAME}.Vgpu", "SetAutostart", "ba{sv}", (0, []))
    return errors


def diffs():
    """As many previews with a diff as one user may have at a time; how many are answered with one."""
    connections = [wire.Connection() for _ in range(4)]
    for connection in connections:
        for _ in range(32):
            preview(connection)
    count = 0
    for connection in connections:
        left = 32
        while left > 0:
            connection.read()
            for reply in connection.replies():
                if reply.kind in (wire.RETURN, wire.ERROR):
                    left -= 1
                    count += reply.error is None and len(reply.payload) > 500
    return count


def vanishing():
    """Leaves in the middle of a message, and before every answer."""
    # What root asks for may have begun before he is seen to leave, and then it is done.
    kind = "no-type" if os.getuid() == 0 else "i915-GVTg_V5_8"
    for index in range(BURST):
        connection = wire.Connection()
        create = ("s", (kind,)) if index % 2 else ("sa{sv}", (kind, []))
        connection.call(GPU, GPU_INTERFACE, "CreateVgpu", *create, flags=wire.INTERACTIVE)
        connection.call(MANAGER, MANAGER_INTERFACE, "Refresh", "a{sv}", ([],))
        connection.send(raw("s", text(b"x" * 1000))[: 20 + index])
        connection.close()
    return BURST


def huge():
    """Error names for texts of many sizes at places where a text goes; the system bus lets a message have 32 MiB."""
    answers = []
    for size in (4000, 60_000, 70_000, 4_000_000, 30_000_000):
        connection = wire.Connection()
        find = connection.ask(MANAGER, MANAGER_INTERFACE, "FindVgpus", "s", ("x" * size,))
        property_name = connection.ask(MANAGER, PROPERTIES, "Get", "ss", (MANAGER_INTERFACE, "P" * size))
        key = connection.ask(GPU, GPU_INTERFACE, "CreateVgpu", "sa{sv}", ("i915-GVTg_V5_8", [("k" * size, ("b", 1))]))
        answers.append([size, find.error, property_name.error, key.error])
        for answer in (find, property_name, key):
            if len(answer.payload) > 2000:
                answers.append([size, "a long answer", len(answer.payload)])
        connection.close()
    return answers


def odd_keys():
    """Options with the names of JavaScript's own, and one option twice."""
    answers = {}
    for key in ("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "0", "-1", ""):
        for kind, value in (("b", 1), ("a{sv}", [("__proto__", ("s", "x"))]), ("v", ("s", "x"))):
            connection = wire.Connection()
            options = [(key, (kind, value))]
            reply = connection.ask(GPU, GPU_INTERFACE, "CreateVgpu", "sa{sv}", ("i915-GVTg_V5_8", options))
            answers[f"{key}:{kind}"] = reply.error
            connection.close()
    connection = wire.Connection()
    options = [("uuid", ("s", "x")), ("uuid", ("s", "../../etc/victim"))]
    answers["twice"] = connection.ask(GPU, GPU_INTERFACE, "CreateVgpu", "sa{sv}", ("i915-GVTg_V5_8", options)).error
    return answers



def flood():
    """What costs most to decode, as much of it as may be sent, without wanting an answer; how many messages."""
    # As many values of their own type as a body may hold.
    variants = ("av", [("y", 1)] * 15_000)
    set_property = (MANAGER, PROPERTIES, "Set", "ssv", (MANAGER_INTERFACE, "Connected", variants))
    create = (GPU, GPU_INTERFACE, "CreateVgpu", "sa{sv}", ("i915-GVTg_V5_8", [("attributes", variants)]))
    calls = []
    for path, interface, member, signature, values in (set_property, create):
        fields = wire.call_fields(path, interface, member, NAME, signature)
        calls.append((fields, wire.body(signature, values)))
    connections = [wire.Connection() for _ in range(8)]
    for _ in range(BURST):
        for connection in connections:
            for fields, payload in calls:
                connection.send(wire.message(connection.next(), fields, payload, flags=wire.NO_REPLY))
    # Whatever of it waits has had its turn when the last of each is answered.
    for connection in connections:
        connection.ask(MANAGER, PEER, "Ping")
    return len(connections) * BURST * len(calls)


CALLERS = {each.__name__: each for each in (malformed, pipelined, reading, diffs, vanishing, huge, odd_keys, flood)}
# They act beside root.
BESIDE = {each.__name__: each for each in (unread, previews)}


def main(user, caller):
    if caller in BESIDE:
        print(json.dumps(BESIDE[caller](user)))
        return
    wire.become(user)
    print(json.dumps(CALLERS[caller]()))


main(*sys.argv[1:])
