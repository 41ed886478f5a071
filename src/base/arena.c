/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: blocks of memory in a list, the newest first. Small arenas take one small block, so
 * that a configuration with one instance costs a page or two; blocks double up to a limit.
 * Must not know: what is stored.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST ((size_t)4096)
#define BLOCK_LARGEST ((size_t)256 * 1024)

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *head;
	size_t used;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct arena *arena_new(void)
{
	return must(calloc(1, sizeof(struct arena)));
}

static void blocks_free(struct block *b)
{
	for (struct block *next; b; b = next) {
		next = b->next;
		free(b);
	}
}

struct arena *arena_free(struct arena *a)
{
	if (!a)
		return NULL;
	blocks_free(a->head);
	free(a);
	return NULL;
}

void arena_reset(struct arena *a)
{
	a->used = 0;
	if (!a->head)
		return;
	blocks_free(a->head->next);
	a->head->next = NULL;
	a->head->used = 0;
}

static struct block *block_add(struct arena *a, size_t need)
{
	size_t size = a->head ? a->head->size * 2 : BLOCK_FIRST - sizeof(struct block);
	struct block *b;

	if (size > BLOCK_LARGEST)
		size = BLOCK_LARGEST;
	if (size < need)
		size = need;
	b = must(malloc(sizeof(*b) + size));
	b->size = size;
	b->used = 0;
	b->next = a->head;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->head;
	void *p;

	assert(size < SIZE_MAX / 2);
	size = size ? (size + align - 1) & ~(align - 1) : align;
	if (!b || b->size - b->used < size)
		b = block_add(a, size);
	p = b->data + b->used;
	b->used += size;
	a->used += size;
	memset(p, 0, size);
	return p;
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
	char *p = arena_alloc(a, size + 1);

	if (size)
		memcpy(p, data, size);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_copy(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
