/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable array in an arena: VEC(int) numbers = {0}; *vec_add(arena, &numbers) = 7;
 * Iterate with an index up to .n. Growing leaves the old copy in the arena, which is freed with it.
 */
#ifndef HF_BASE_VEC_H
#define HF_BASE_VEC_H

#include "base/arena.h"

#define VEC(type)           \
	struct {            \
		type *v;    \
		unsigned n; \
		unsigned cap; \
	}

/* Address of a new zeroed element at the end. */
#define vec_add(arena, vec)                                                                   \
	(vec_grow_((arena), (void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)), \
	 &(vec)->v[(vec)->n++])

#define vec_push(arena, vec, value) ((void)(*vec_add((arena), (vec)) = (value)))

/* Makes room for one more element; use vec_add(). */
void vec_grow_(struct arena *a, void **v, const unsigned *n, unsigned *cap, size_t size);

#endif
