# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's side of an emulated host: /sys over FUSE, mediated devices, uevents. Standard library only."""
