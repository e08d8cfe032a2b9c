# SPDX-License-Identifier: LGPL-2.1-or-later
"""The private namespace of an emulated host: mounts, files, daemons. Standard library only."""
