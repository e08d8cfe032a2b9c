# SPDX-License-Identifier: LGPL-2.1-or-later
"""The conversation with the benchmark: one JSON object a line in, {"op": name, ...}, one a line out."""

import json
import sys
import time


def elapsed(work):
    """(what the work returned, nanoseconds it took)"""
    start = time.monotonic_ns()
    result = work()
    return result, time.monotonic_ns() - start


def serve(operations):
    """Answers until standard input ends. `operations`: functions by name, which return what JSON can carry."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": True, "value": operations[request.pop("op")](**request)}
        except Exception as error:  # The benchmark says which operation failed, and ends.
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
