/* SPDX-License-Identifier: GPL-2.0-only */
/* A GPU that can be split, standing on QEMU's "edu" device; see README.md. */
#ifndef VGPUD_LAB_H
#define VGPUD_LAB_H

#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#define LAB_MAX_TYPES 4

struct lab_gpu;

/* A kind of vGPU; one for each GPU, since the mdev core keeps a type's folder in it. */
struct lab_type {
	struct mdev_type mdev;
	struct lab_gpu *gpu;
	/* Which of the family's kinds it is; the family alone knows more. */
	unsigned int kind;
	unsigned int width, height;
	/* How many of it there are now; under the GPU's lock. */
	unsigned int used;
};

/* What a vendor's GPUs have in common. */
struct lab_family {
	/* What the GPU says it is, once a driver of this family has it. */
	unsigned short vendor, device;
	unsigned char revision;
	/* Fills in the types that this GPU offers, and returns their number. */
	unsigned int (*offer)(struct lab_type types[LAB_MAX_TYPES]);
	/* Instances left of a type; under the GPU's lock. */
	unsigned int (*available)(const struct lab_type *type);
	ssize_t (*describe)(const struct lab_type *type, char *text);
};

struct lab_gpu {
	const struct lab_family *family;
	struct mutex lock;
	struct mdev_parent parent;
	unsigned int type_count;
	struct lab_type types[LAB_MAX_TYPES];
	struct mdev_type *type_list[LAB_MAX_TYPES];
};

extern const struct lab_family lab_gvt;
extern const struct lab_family lab_timesliced;
extern struct mdev_driver lab_vgpu_driver;

static inline struct lab_type *lab_type_of(struct mdev_type *type)
{
	return container_of(type, struct lab_type, mdev);
}

/* A test picture in XRGB8888: eight colour bars, a white frame of one pixel. */
void lab_draw_picture(u32 *pixels, unsigned int width, unsigned int height);

#endif
