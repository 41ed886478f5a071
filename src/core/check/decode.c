/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: gzip and deflate (RFC 1950, 1951, 1952) with zlib. "deflate" is in practice sent with and
 * without the zlib header. A few bytes can hold a very large page: what one piece may become is
 * limited, so that no reply keeps the process for long.
 * Must not know: HTTP.
 */
#include "core/check/decode.h"

#include <stdlib.h>
#include <strings.h>

#include <zlib.h>

#define DECODE_PIECE 16384
#define DECODE_FEED_MAX ((size_t)4 * 1024 * 1024)

enum { WINDOW_RAW = -15, WINDOW_ZLIB = 15, WINDOW_GZIP = 15 + 16 };

enum decode_coding decode_coding_of(const char *value)
{
	if (strcasecmp(value, "gzip") == 0 || strcasecmp(value, "x-gzip") == 0)
		return DECODE_GZIP;
	if (strcasecmp(value, "deflate") == 0)
		return DECODE_DEFLATE;
	return DECODE_PLAIN;
}

static int window_bits(const struct decoder *d, unsigned char first)
{
	if (d->coding == DECODE_GZIP)
		return WINDOW_GZIP;
	/* RFC 1950: method 8 and a window of 32 KiB at most. */
	return (first & 0x0f) == 8 && first >> 4 <= 7 ? WINDOW_ZLIB : WINDOW_RAW;
}

static z_stream *decoder_begin(struct decoder *d, unsigned char first)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, window_bits(d, first)) != Z_OK) {
		free(z);
		z = NULL;
	}
	d->z = z;
	return z;
}

/* Another member may follow in a gzip file; anything else after an end is padding. */
static bool next_member(struct decoder *d, z_stream *z)
{
	return d->coding == DECODE_GZIP && z->next_in[0] == 0x1f && inflateReset(z) == Z_OK;
}

const char *decoder_feed(struct decoder *d, const char *data, size_t len, decode_sink *sink,
			 void *ctx)
{
	z_stream *z = d->z;
	char piece[DECODE_PIECE];
	size_t total = 0;

	if (!len)
		return NULL;
	if (!z)
		z = decoder_begin(d, (unsigned char)data[0]);
	if (!z)
		return "no memory to decompress the page";
	z->next_in = (void *)data;
	z->avail_in = (unsigned)len;
	while (z->avail_in || z->avail_out == 0) {
		int rc;

		if (d->ended) {
			if (!z->avail_in || !next_member(d, z))
				break;
			d->ended = false;
		}
		z->next_out = (void *)piece;
		z->avail_out = sizeof(piece);
		rc = inflate(z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return "the compressed page is damaged";
		total += sizeof(piece) - z->avail_out;
		if (total > DECODE_FEED_MAX)
			return "the compressed page grows too much";
		sink(ctx, piece, sizeof(piece) - z->avail_out);
		d->ended = rc == Z_STREAM_END;
		if (rc == Z_BUF_ERROR)
			break;
	}
	return NULL;
}

void decoder_end(struct decoder *d)
{
	if (!d->z)
		return;
	inflateEnd(d->z);
	free(d->z);
	d->z = NULL;
}
