# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many mediated devices a parent can still make.

Written from the kernel's and the vendors' documentation, without a look at packages/core: tests compare the two.
"""

# Linux 6.1, drivers/gpu/drm/i915/gvt/vgpu.c: (suffix, low MiB, high MiB, resolution, weight), smallest first.
GVTG_TYPES = (
    ("8", 64, 384, "1024x768", 2),
    ("4", 128, 512, "1920x1200", 4),
    ("2", 256, 1024, "1920x1200", 8),
    ("1", 512, 2048, "1920x1200", 16),
)
GVTG_FENCES_EACH = 4
GVTG_FENCES = 32
HOST_LOW_MIB, HOST_HIGH_MIB, HOST_FENCES = 128, 384, 4


class GvtG:
    """Intel GVT-g: all types draw on one graphics memory and one set of fences."""

    driver = "intel_vgpu_mdev"

    def __init__(self, description):
        self.low = description["apertureMiB"] - HOST_LOW_MIB
        self.high = description.get("globalGttMiB", 4096) - description["apertureMiB"] - HOST_HIGH_MIB
        self.needs = {}
        self.types = {}
        for suffix, low, high, resolution, weight in GVTG_TYPES:
            if self.low // low == 0:
                break  # The driver stops at the first type that cannot fit; every later one is larger.
            name = description["typePrefix"] + suffix
            self.needs[name] = (low, high)
            text = (
                f"low_gm_size: {low}MB\nhigh_gm_size: {high}MB\nfence: {GVTG_FENCES_EACH}\n"
                f"resolution: {resolution}\nweight: {weight}"
            )
            self.types[name] = {"deviceApi": "vfio-pci", "description": text}

    def available(self, type_id, running):
        """`running` holds the type of each mdev that exists now."""
        low_left = self.low - sum(self.needs[each][0] for each in running)
        high_left = self.high - sum(self.needs[each][1] for each in running)
        fences_left = GVTG_FENCES - HOST_FENCES - GVTG_FENCES_EACH * len(running)
        low, high = self.needs[type_id]
        return max(0, min(low_left // low, high_left // high, fences_left // GVTG_FENCES_EACH))


class TimeSliced:
    """NVIDIA without SR-IOV: a maximum for each type; homogeneous: a running type excludes its siblings."""

    driver = "nvidia"

    def __init__(self, description):
        self.homogeneous = description["homogeneous"]
        self.types = {each["id"]: each for each in description["types"]}

    def available(self, type_id, running):
        if self.homogeneous and any(each != type_id for each in running):
            return 0
        return max(0, self.types[type_id]["maxInstances"] - running.count(type_id))


MODELS = {"gvt-g": GvtG, "time-sliced": TimeSliced}
