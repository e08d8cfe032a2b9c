# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names below /dev that come and go with devices. They are plain files: opening one reaches no real hardware."""

import os


class DeviceFiles:
    def __init__(self, root="/dev"):
        self.root = root

    def _touch(self, name):
        path = f"{self.root}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))

    def _remove(self, name):
        try:
            os.unlink(f"{self.root}/{name}")
        except FileNotFoundError:
            pass

    def add_group(self, group):
        self._touch(f"vfio/{group}")

    def remove_group(self, group):
        self._remove(f"vfio/{group}")

    def add_drm(self, address, drm):
        for key, suffix in (("card", "card"), ("render", "render")):
            if key in drm:
                self._touch(f"dri/{drm[key]}")
                os.makedirs(f"{self.root}/dri/by-path", exist_ok=True)
                os.symlink(f"../{drm[key]}", f"{self.root}/dri/by-path/pci-{address}-{suffix}")

    def remove_drm(self, address, drm):
        for key in ("card", "render"):
            if key in drm:
                self._remove(f"dri/{drm[key]}")
                self._remove(f"dri/by-path/pci-{address}-{key}")

    def add_disk(self, name):
        self._touch(name)
