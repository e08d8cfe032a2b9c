/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VGPUD_LAB_VGPU_H
#define VGPUD_LAB_VGPU_H

#include <linux/vfio.h>

#include "lab.h"

struct vgpu {
	struct vfio_device vdev;
	struct lab_type *type;
	u8 config[PCI_CFG_SPACE_SIZE];
	/* There while the device is open. */
	void *screen;
};

extern const struct vfio_device_ops lab_vgpu_ops;

#endif
