/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: bounds checks. Must not know: what is written or read, where the memory comes from. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

void buf_bytes(struct buf *b, const void *data, size_t n)
{
	if (n > b->cap - b->n) {
		n = b->cap - b->n;
		b->full = true;
	}
	if (n)
		memcpy(b->p + b->n, data, n);
	b->n += n;
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_bytes(b, &v, 1);
}

void buf_be16(struct buf *b, uint16_t v)
{
	buf_bytes(b, (uint8_t[]){v >> 8, v & 0xff}, 2);
}

void buf_be32(struct buf *b, uint32_t v)
{
	buf_bytes(b, (uint8_t[]){v >> 24, v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff}, 4);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap - b->n;
	int n = vsnprintf(b->p + b->n, room, fmt, ap);

	if (n < 0 || (size_t)n >= room) {
		b->full = true;
		b->n = b->cap ? b->cap - 1 : 0;
	} else {
		b->n += (size_t)n;
	}
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_text(struct buf *b)
{
	if (!b->cap)
		return "";
	b->p[b->n < b->cap ? b->n : b->cap - 1] = '\0';
	return b->p;
}

/* The next n bytes, or NULL (and bad) when there are fewer. */
static const uint8_t *read_bytes(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->n) {
		r->bad = true;
		r->n = 0;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return p;
}

uint8_t read_u8(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 1);

	return p ? p[0] : 0;
}

uint16_t read_be16(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

uint32_t read_be32(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}
