// SPDX-License-Identifier: GPL-2.0-only
#include "lab.h"

static const u32 bars[] = {
	0xc0c0c0, 0xc0c000, 0x00c0c0, 0x00c000, 0xc000c0, 0xc00000, 0x0000c0, 0x202020,
};

void lab_draw_picture(u32 *pixels, unsigned int width, unsigned int height)
{
	unsigned int x, y;

	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			bool frame = x == 0 || y == 0 || x == width - 1 || y == height - 1;

			*pixels++ = frame ? 0xffffff : bars[x * ARRAY_SIZE(bars) / width];
		}
	}
}
