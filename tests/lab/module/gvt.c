// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel's GVT-g: a vGPU takes graphics memory below and above the aperture's end, and fences. The sizes are GVT-g's, the
 * arithmetic is what its documentation and its users' machines show.
 */
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include "lab.h"

#define GTT_MIB 4096
#define HOST_LOW_MIB 128
#define HOST_HIGH_MIB 384
#define GUEST_FENCES 28
#define FENCES_EACH 4

static unsigned int aperture = 1024;
module_param(aperture, uint, 0444);
MODULE_PARM_DESC(aperture, "size in MiB of each GVT-g GPU's aperture");

static const struct {
	const char *name;
	unsigned int low_mib, high_mib, width, height, weight;
} kinds[LAB_MAX_TYPES] = {
	{ "GVTg_V5_1", 512, 2048, 1920, 1200, 16 },
	{ "GVTg_V5_2", 256, 1024, 1920, 1200, 8 },
	{ "GVTg_V5_4", 128, 512, 1920, 1200, 4 },
	{ "GVTg_V5_8", 64, 384, 1024, 768, 2 },
};

static unsigned int above(unsigned int total, unsigned int taken)
{
	return total > taken ? total - taken : 0;
}

static unsigned int offer(struct lab_type types[LAB_MAX_TYPES])
{
	unsigned int kind, count = 0;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		struct lab_type *type = &types[count];

		if (above(aperture, HOST_LOW_MIB) < kinds[kind].low_mib)
			continue;
		type->mdev.sysfs_name = kinds[kind].name;
		type->kind = kind;
		type->width = kinds[kind].width;
		type->height = kinds[kind].height;
		count++;
	}
	return count;
}

static unsigned int available(const struct lab_type *type)
{
	const struct lab_gpu *gpu = type->gpu;
	unsigned int low = above(aperture, HOST_LOW_MIB);
	unsigned int high = above(GTT_MIB, aperture + HOST_HIGH_MIB);
	unsigned int fences = GUEST_FENCES;
	unsigned int i;

	for (i = 0; i < gpu->type_count; i++) {
		const struct lab_type *each = &gpu->types[i];

		low -= each->used * kinds[each->kind].low_mib;
		high -= each->used * kinds[each->kind].high_mib;
		fences -= each->used * FENCES_EACH;
	}
	return min3(low / kinds[type->kind].low_mib, high / kinds[type->kind].high_mib, fences / FENCES_EACH);
}

static ssize_t describe(const struct lab_type *type, char *text)
{
	return sysfs_emit(text, "low_gm_size: %uMB\nhigh_gm_size: %uMB\nfence: %u\nresolution: %ux%u\nweight: %u\n",
			  kinds[type->kind].low_mib, kinds[type->kind].high_mib, FENCES_EACH, type->width,
			  type->height, kinds[type->kind].weight);
}

const struct lab_family lab_gvt = {
	.vendor = 0x8086,
	.device = 0x193b,
	.revision = 0x09,
	.offer = offer,
	.available = available,
	.describe = describe,
};
