# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside, as root: fuzz.py USER SEED COUNT, with the material as JSON on standard input.

Sends COUNT well-formed messages with random names, types and values to vgpud, over several connections, many at a time,
as USER. Prints one JSON line: how many were sent and answered, the errors by name, and what is wrong, if anything is.
"""

import json
import os
import random
import select
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire  # noqa: E402

NAME = "me.phyllo.Vgpu1"
CONNECTIONS = 4
# vgpud lets a connection wait for 32 answers of its own methods, and about as many calls are of others.
WINDOW = 48
ANSWER_TIMEOUT_S = 60
WORDS = (
    "", "x", ".", "..", "../../etc/victim", "/etc/victim", "__proto__", "constructor", "toString", "hasOwnProperty",
    "a\nb", "\u202eevil", "\x1b[2J", "\x7f", "\ufeff", "\U0001f4a9", "%s%n", "'\"<&>", "$(id)", "{}", "-1", "NaN", "0x10",
    "99999999999999999999", "7686131b-b229-4768-a02c-35d1dbed7c66", "{7686131b-b229-4768-a02c-35d1dbed7c66}",
    "7686131BB2294768A02C35D1DBED7C66", "00000000-0000-0000-0000-000000000000", "i915-GVTg_V5_4", "i915-GVTg_V5_4/../x",
    "0000:00:02.0", "none", "auth.no_user_interaction", "me.phyllo.Vgpu1", "me.phyllo.Vgpu1.Manager", "phyllome",
)  # fmt: skip
BASIC = "ybnqiuxtdsog"
RANGES = {"y": (0, 255), "b": (0, 1), "n": (-(1 << 15), (1 << 15) - 1), "q": (0, (1 << 16) - 1)}
RANGES |= {"i": (-(1 << 31), (1 << 31) - 1), "u": (0, (1 << 32) - 1), "x": (-(1 << 63), (1 << 63) - 1), "t": (0, (1 << 64) - 1)}
ELEMENT = "abcXYZ019_"


class Generator:
    def __init__(self, seed, material):
        self.random = random.Random(seed)
        self.methods = material["methods"]
        self.paths = material["paths"]

    def text(self):
        r = self.random
        chance = r.random()
        if chance < 0.6:
            return r.choice(WORDS)
        if chance < 0.98:
            return "".join(chr(r.choice((r.randrange(1, 128), r.randrange(1, 0xD800)))) for _ in range(r.randrange(20)))
        return r.choice(WORDS[1:]) * r.choice((100, 1000, 2000))

    def path(self):
        r = self.random
        chance = r.random()
        if chance < 0.75:
            return r.choice(self.paths)
        if chance < 0.9:
            return r.choice(self.paths).rstrip("/") + "/" + self.element()
        return "/" + "/".join(self.element() for _ in range(r.randrange(1, 8)))

    def element(self):
        return "".join(self.random.choice(ELEMENT) for _ in range(self.random.randrange(1, 12)))

    def signature(self, depth=0):
        """One complete type."""
        r = self.random
        chance = r.random()
        if chance < 0.6 or depth > 6:
            return r.choice(BASIC)
        if chance < 0.7:
            return "v"
        if chance < 0.85:
            return "a" + self.signature(depth + 1)
        if chance < 0.93:
            return f"a{{{r.choice(BASIC)}{self.signature(depth + 1)}}}"
        return "(" + "".join(self.signature(depth + 1) for _ in range(r.randrange(1, 4))) + ")"

    def signatures(self, limit):
        """Fewer than `limit` complete types."""
        text = "".join(self.signature() for _ in range(self.random.randrange(limit)))
        return text if len(text) < 256 else ""

    def value(self, kind, options=(), depth=0):
        r = self.random
        first = kind[0]
        if first in RANGES:
            low, high = RANGES[first]
            return r.choice((low, high, 0, 1, r.randint(low, high)))
        if first == "d":
            return r.choice((0.0, -0.0, 1e308, float("inf"), float("nan"), r.random()))
        if first == "s":
            return self.text()
        if first == "o":
            return self.path()
        if first == "g":
            return self.signatures(3)
        if first == "v":
            return self.variant(depth)
        if kind == "a{sv}" and options and r.random() < 0.8:
            return self.options(options)
        if first == "a":
            size = 0 if depth > 4 else r.choice((0, 1, 2, r.randrange(12)))
            return [self.value(kind[1:], (), depth + 1) for _ in range(size)]
        return [self.value(each, (), depth + 1) for each in wire.complete(kind[1:-1])]

    def variant(self, depth):
        r = self.random
        if depth == 0 and r.random() < 0.02:
            value = ("y", 1)
            for _ in range(r.randrange(1, 58)):
                value = ("v", value)
            return value
        kind = self.signature(2) if depth < 5 else r.choice(BASIC)
        return (kind, self.value(kind, (), depth + 1))

    def options(self, known):
        r = self.random
        chosen = []
        for name, kind in known:
            if r.random() < 0.4:
                right = kind if r.random() < 0.8 else self.signature(2)
                chosen.append((name, (right, self.value(right, (), 2))))
        if r.random() < 0.1:
            chosen.append((self.text(), self.variant(2)))
        return chosen

    def target(self):
        """(path, interface, member, signature, options): mostly one that exists."""
        r = self.random
        method = r.choice(self.methods)
        # Its answers wait for the host to be read, and it is enough to hear of a few.
        while method["member"] in ("Refresh", "GetManagedObjects") and r.random() < 0.9:
            method = r.choice(self.methods)
        interface, member, signature = method["interface"], method["member"], method["signature"]
        chance = r.random()
        if chance < 0.08:
            signature = self.signatures(4)
        elif chance < 0.11:
            member = r.choice(("__proto__", "constructor", "toString", "X" * 255, self.random.choice(self.methods)["member"]))
        elif chance < 0.14:
            interface = r.choice(("", "me.phyllo.Vgpu1.__proto__", "org.freedesktop.DBus.Peer", "a.b"))
        path = r.choice(method["paths"]) if method["paths"] and r.random() < 0.8 else self.path()
        return path, interface, member, signature, method["options"]

    def message(self, serial):
        """(bytes, whether an answer is due)"""
        r = self.random
        path, interface, member, signature, options = self.target()
        order = ">" if r.random() < 0.1 else "<"
        values = [self.value(kind, options) for kind in wire.complete(signature)]
        fields = wire.call_fields(path, interface, member, NAME, signature)
        r.shuffle(fields)
        payload = wire.body(signature, values, order)
        chance = r.random()
        if chance < 0.02:
            # Signals and answers that nobody asked for.
            kind = r.choice((wire.SIGNAL, wire.RETURN, wire.ERROR))
            if not interface:
                fields.append((2, "s", "a.b"))
            fields += [(4, "s", "a.b"), (5, "u", r.randrange(1, 1 << 32))]
            return wire.message(serial, fields, payload, kind=kind, flags=wire.NO_REPLY, order=order), False
        flags = 0
        if r.random() < 0.05:
            flags |= wire.NO_REPLY
        if r.random() < 0.05:
            flags |= wire.INTERACTIVE
        return wire.message(serial, fields, payload, flags=flags, order=order), not flags & wire.NO_REPLY


class Sender:
    """One connection that sends as long as it does not wait for too many answers."""

    def __init__(self):
        self.connection = wire.Connection(ANSWER_TIMEOUT_S)
        self.due = set()

    def take(self, errors):
        """How many answers came."""
        self.connection.read()
        answered = 0
        for reply in self.connection.replies():
            if reply.serial in self.due:
                self.due.remove(reply.serial)
                answered += 1
                name = "" if reply.kind == wire.RETURN else reply.error
                errors[name] = errors.get(name, 0) + 1
        return answered


def main(user, seed, count):
    material = json.load(sys.stdin)
    wire.become(user)
    generator = Generator(int(seed), material)
    senders = [Sender() for _ in range(CONNECTIONS)]
    left = int(count)
    result = {"sent": 0, "answered": 0, "vanished": 0, "errors": {}, "wrong": []}
    while left > 0 or any(sender.due for sender in senders):
        for index, sender in enumerate(senders):
            while left > 0 and len(sender.due) < WINDOW:
                serial = sender.connection.next()
                data, due = generator.message(serial)
                if due:
                    sender.due.add(serial)
                sender.connection.send(data)
                left -= 1
                result["sent"] += 1
                if generator.random.random() < 0.0005:
                    # It leaves in the middle of everything, and of a message.
                    sender.connection.send(generator.message(serial + 1)[0][:20])
                    sender.connection.close()
                    result["vanished"] += len(sender.due)
                    sender = senders[index] = Sender()
        waiting = {sender.connection.socket: sender for sender in senders if sender.due}
        ready = select.select(list(waiting), [], [], ANSWER_TIMEOUT_S)[0] if waiting else []
        if waiting and not ready:
            result["wrong"].append(f"{sum(len(sender.due) for sender in senders)} calls got no answer in {ANSWER_TIMEOUT_S} s")
            break
        for each in ready:
            try:
                result["answered"] += waiting[each].take(result["errors"])
            except ConnectionError as error:
                result["wrong"].append(f"after {result['sent']} messages: {error}")
                left = 0
                waiting[each].due.clear()
    print(json.dumps(result))


main(*sys.argv[1:])
