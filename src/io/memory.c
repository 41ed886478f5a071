/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the C library's knobs. Must not know: who allocates. */
#include "io/memory.h"

#include <malloc.h>

#define LARGE (128 * 1024) /* said, it stays: else the library raises it with each block that is freed */

void memory_init(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE);
}

void memory_trim(void)
{
	malloc_trim(0);
}
