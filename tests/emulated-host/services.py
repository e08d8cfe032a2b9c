# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run inside: services.py start NAME | kill NAME SIGNAL."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from namespace import services  # noqa: E402

sys.exit(services.main(sys.argv[1:]))
