# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user at a terminal: runs a command on a pseudo-terminal of its own, types when it sees what it waits for.

Arguments: a JSON list of [wait for, type] pairs, then the command. Prints what was seen, the exit status, and whether the
terminal's settings are the same before and after.
"""

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
import time

TIMEOUT_S = 60

steps = json.loads(sys.argv[1])
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
process = subprocess.Popen(
    sys.argv[2:],
    stdin=slave,
    stdout=slave,
    stderr=slave,
    start_new_session=True,
    preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
)
seen = b""
deadline = time.monotonic() + TIMEOUT_S


def read(timeout_s):
    global seen
    if select.select([master], [], [], timeout_s)[0]:
        seen += os.read(master, 4096)
        return True
    return False


from_here = 0
for wait_for, answer in steps:
    while (found := seen.find(wait_for.encode(), from_here)) < 0:
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            sys.exit(f"no {wait_for!r} within {TIMEOUT_S} s: {seen!r}")
        read(0.1)
    from_here = found + len(wait_for.encode())
    if answer == "":
        continue
    if answer.startswith("$ "):
        subprocess.run(answer[2:], shell=True, check=True, stdout=subprocess.DEVNULL)
    else:
        # Whoever asks for a password, or takes over the terminal, stops the echo and throws away what was typed before.
        while termios.tcgetattr(slave)[3] & termios.ECHO:
            if time.monotonic() > deadline or process.poll() is not None:
                process.kill()
                sys.exit(f"the terminal still echoes after {wait_for!r}: {seen!r}")
            read(0.01)
        os.write(master, answer.encode())
while process.poll() is None:
    if time.monotonic() > deadline:
        process.kill()
        sys.exit(f"it has not ended within {TIMEOUT_S} s: {seen!r}")
    read(0.1)
while read(0):
    pass
print(json.dumps({
    "seen": seen.decode(),
    "status": process.returncode,
    "restored": termios.tcgetattr(slave) == before,
}))
