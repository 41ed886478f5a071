/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growing text in an arena, for everything conf/ writes: print, explain, plans. */
#ifndef HF_CONF_TEXT_H
#define HF_CONF_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct text {
	struct arena *a;
	char *p;
	size_t n, cap;
};

void text_add(struct text *t, const char *s);
void text_char(struct text *t, char c);
void text_number(struct text *t, int64_t v);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What was written so far, NUL-terminated; valid until the next write. */
const char *text_get(struct text *t);

#endif
