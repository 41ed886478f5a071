/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: text that grows in an arena by doubling, so that a ruleset of megabytes is copied few
 * times.
 */
#include "core/lvs/nft_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void make_room(struct nft_text *t, size_t more)
{
	char *p;

	if (t->n + more < t->cap)
		return;
	t->cap = (t->n + more + 1) * 2 < 512 ? 512 : (t->n + more + 1) * 2;
	p = arena_alloc(t->a, t->cap);
	if (t->n)
		memcpy(p, t->p, t->n);
	t->p = p;
}

void nft_put(struct nft_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p ? t->p + t->n : NULL, t->p ? t->cap - t->n : 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (t->n + (size_t)n >= t->cap) {
		make_room(t, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(t->p + t->n, t->cap - t->n, fmt, ap);
		va_end(ap);
	}
	t->n += (size_t)n;
}

void nft_put_ip(struct nft_text *t, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	nft_put(t, "%s", ip_format(a, text));
}

const char *nft_text_of(const struct nft_text *t)
{
	return t->p ? t->p : "";
}
