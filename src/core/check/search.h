/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A regular expression searched in a stream that comes in pieces and is never held: only what a
 * match in progress needs is kept, up to SEARCH_WINDOW_MAX bytes.
 */
#ifndef HF_CORE_CHECK_SEARCH_H
#define HF_CORE_CHECK_SEARCH_H

#include "base/arena.h"
#include "model/lvs.h"

#define SEARCH_WINDOW_MAX ((size_t)256 * 1024)

struct search_pattern;

/* The pattern of a page, in `a`, or NULL when it has none. What the library holds is freed by
 * search_pattern_release(). A pattern that does not compile fails every search, with a reason. */
struct search_pattern *search_pattern_new(const struct conf_url *url, struct arena *a);
void search_pattern_release(struct search_pattern *p); /* NULL is fine */

/* Whether the regex of a page, with its options, compiles; false fills `text` with a clause that says
 * why not and *ret_offset with the byte of the pattern. For who judges a configuration. */
bool search_pattern_check(const struct conf_url *url, char *text, size_t size, size_t *ret_offset);

enum search_result {
	SEARCH_MORE, /* not yet */
	SEARCH_FOUND,
	SEARCH_NOT,	/* not in the stream, or not where it may begin */
	SEARCH_GAVE_UP, /* see search.error */
};

struct search {
	struct search_pattern *pattern;
	void *match_data;
	char *window;
	size_t n, cap; /* of window */
	size_t from;   /* in the window: where the next match may begin */
	size_t unseen; /* bytes at its end that no match has looked at yet */
	uint64_t base; /* offset in the stream of the window's first byte */
	enum search_result result;
	const char *error;
};

/* Zeroed before; pattern not NULL. */
void search_begin(struct search *s, struct search_pattern *pattern);
/* The next piece of the stream; once the result is another than SEARCH_MORE, nothing changes it. */
enum search_result search_feed(struct search *s, const char *data, size_t len);
/* The stream has ended: never SEARCH_MORE. */
enum search_result search_finish(struct search *s);
/* Frees what it holds; zeroed is fine. */
void search_end(struct search *s);

#endif
