/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds-checked buffers. A writer over memory of the caller never writes past its end: what does
 * not fit is dropped and `full` is set. A reader over received bytes never reads past the end:
 * what is missing reads as zero and `bad` is set. Numbers on the wire are big endian.
 */
#ifndef HF_BASE_BUF_H
#define HF_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *p;      /* memory of the caller */
	size_t n;     /* bytes written */
	size_t cap;   /* bytes there are */
	bool full;    /* something did not fit */
};

#define BUF_ON(array) ((struct buf){.p = (array), .cap = sizeof(array)})

void buf_bytes(struct buf *b, const void *data, size_t n);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);

/* Text: like printf; buf_text() also returns what was written so far as a NUL-terminated string
 * (cut when full). */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
const char *buf_text(struct buf *b);

struct reader {
	const uint8_t *p;
	size_t n; /* bytes left */
	bool bad; /* something was missing */
};

uint8_t read_u8(struct reader *r);
uint16_t read_be16(struct reader *r);
uint32_t read_be32(struct reader *r);

#endif
