/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the growth of arrays in an arena. Must not know: what their elements are. */
#include "base/vec.h"

#include <string.h>

void vec_grow_(struct arena *a, void **v, const unsigned *n, unsigned *cap, size_t size)
{
	void *bigger;

	if (*n < *cap)
		return;
	*cap = *cap ? *cap * 2 : 2;
	bigger = arena_alloc(a, *cap * size);
	if (*n)
		memcpy(bigger, *v, *n * size);
	*v = bigger;
}
