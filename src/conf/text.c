/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing text in an arena: doubles when full, the old copy stays in the arena. */
#include "conf/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void text_grow(struct text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 256;
	char *p;

	while (cap < t->n + more + 1)
		cap *= 2;
	p = arena_alloc(t->a, cap);
	if (t->n)
		memcpy(p, t->p, t->n);
	t->p = p;
	t->cap = cap;
}

static inline void text_room(struct text *t, size_t more)
{
	if (t->n + more + 1 > t->cap)
		text_grow(t, more);
}

static void text_bytes(struct text *t, const char *s, size_t n)
{
	text_room(t, n);
	memcpy(t->p + t->n, s, n);
	t->n += n;
}

void text_add(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void text_char(struct text *t, char c)
{
	text_room(t, 1);
	t->p[t->n++] = c;
}

void text_number(struct text *t, int64_t v)
{
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char digits[21], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v < 0)
		*--p = '-';
	text_bytes(t, p, (size_t)(digits + sizeof(digits) - p));
}

/* Into the room there is; a second time only when that was too small. */
void text_printf(struct text *t, const char *fmt, ...)
{
	size_t room = t->cap - t->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? t->p + t->n : NULL, room, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	if ((size_t)n >= room) {
		text_room(t, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(t->p + t->n, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	t->n += (size_t)n;
}

const char *text_get(struct text *t)
{
	text_room(t, 0);
	t->p[t->n] = '\0';
	return t->p;
}
