/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An arena: memory that lives and dies together. A configuration, a parse tree and a plan
 * are each one arena. Single pieces are never freed.
 */
#ifndef HF_BASE_ARENA_H
#define HF_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* A new, empty arena; aborts when the machine has no memory left (there is nothing to undo). */
struct arena *arena_new(void);

/* Frees everything allocated from it. NULL is fine; returns NULL. */
struct arena *arena_free(struct arena *a);

/* Forgets everything allocated from it and keeps its newest block, for an arena that is used over
 * and over. */
void arena_reset(struct arena *a);

/* Zeroed memory, aligned for any type, valid until arena_free(). Size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of `size` bytes, followed by a NUL that does not count. */
void *arena_copy(struct arena *a, const void *data, size_t size);

/* A copy of a NUL-terminated string; NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *s);

/* A formatted string. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
