/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content codings of HTTP (RFC 9110 8.4.1), undone piece by piece. */
#ifndef HF_CORE_CHECK_DECODE_H
#define HF_CORE_CHECK_DECODE_H

#include <stdbool.h>
#include <stddef.h>

enum decode_coding { DECODE_PLAIN, DECODE_GZIP, DECODE_DEFLATE };

/* Value of Content-Encoding; one that we don't know, or several, is DECODE_PLAIN: taken as it is.
 */
enum decode_coding decode_coding_of(const char *value);

struct decoder {
	void *z;	 /* the library's, from the first byte on */
	unsigned coding; /* enum decode_coding */
	bool ended;	 /* at the end of a stream: the page may end here */
};

typedef void decode_sink(void *ctx, const char *data, size_t len);

/* Hands the decoded bytes to `sink`, in pieces of bounded size. NULL, or what is wrong. */
const char *decoder_feed(struct decoder *d, const char *data, size_t len, decode_sink *sink,
			 void *ctx);
/* Frees what it holds; zeroed is fine. */
void decoder_end(struct decoder *d);

#endif
