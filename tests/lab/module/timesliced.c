// SPDX-License-Identifier: GPL-2.0-only
/* NVIDIA's time-sliced vGPUs: while one runs, its GPU makes no other type. */
#include "lab.h"

static const struct {
	const char *name, *title;
	unsigned int heads, framebuffer_mib, max_instances;
} kinds[] = {
	{ "63", "GRID M10-1Q", 4, 1024, 8 },
	{ "64", "GRID M10-2Q", 4, 2048, 4 },
};

static unsigned int offer(struct lab_type types[LAB_MAX_TYPES])
{
	unsigned int kind;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		types[kind].mdev.sysfs_name = kinds[kind].name;
		types[kind].mdev.pretty_name = kinds[kind].title;
		types[kind].kind = kind;
		types[kind].width = 1280;
		types[kind].height = 1024;
	}
	return ARRAY_SIZE(kinds);
}

static unsigned int available(const struct lab_type *type)
{
	const struct lab_gpu *gpu = type->gpu;
	unsigned int i;

	for (i = 0; i < gpu->type_count; i++) {
		if (&gpu->types[i] != type && gpu->types[i].used != 0)
			return 0;
	}
	return kinds[type->kind].max_instances - type->used;
}

static ssize_t describe(const struct lab_type *type, char *text)
{
	return sysfs_emit(text, "num_heads=%u, frl_config=60, framebuffer=%uM, max_resolution=5120x2880, max_instance=%u\n",
			  kinds[type->kind].heads, kinds[type->kind].framebuffer_mib, kinds[type->kind].max_instances);
}

const struct lab_family lab_timesliced = {
	.vendor = 0x10de,
	.device = 0x13bd,
	.revision = 0xa2,
	.offer = offer,
	.available = available,
	.describe = describe,
};
