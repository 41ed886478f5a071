/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages about a configuration: collected, never fatal one by one. A message has a place, says
 * what was found and what was expected, and may hint at the mend.
 */
#ifndef HF_CONF_DIAG_H
#define HF_CONF_DIAG_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "base/span.h"

/* NOTE: accepted, no effect yet or worth knowing. WARNING: works, probably not what was meant.
 * ERROR: this statement can't be used. FATAL: the daemon can't run with this file. */
enum diag_severity { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR, DIAG_FATAL };

/* What `keepalived -t` needs to know to choose its exit status (config-language.md, 12). */
enum diag_class {
	DIAG_GENERAL,	/* 5 */
	DIAG_MISSING_WORD, /* 2 */
	DIAG_CANNOT_RUN, /* 4 */
	DIAG_INCLUDE,	/* 6 */
	DIAG_SECURITY,	/* 6 */
};

struct diag {
	enum diag_severity severity;
	enum diag_class class;
	const char *code;    /* stable short name, kebab-case: "unknown-keyword" */
	struct conf_span at;
	const char *text;    /* one sentence without the place */
	const char *expected; /* or NULL: "a number from 1 to 255" */
	const char *hint;    /* or NULL: "did you mean `auth_pass`?" */
	bool tolerated;	     /* an error all right, but the statement has its effect all the same */
	bool only_at_start;  /* a warning that a start goes on with; the way there from a running
			      * configuration would take away what works */
};

/* A keyword of a block (its struct and its row's name) whose words could not be used. */
struct diag_refusal {
	const void *block;
	const char *row;
};

struct conf_source; /* conf/tree.h: the files and their lines */

struct diags {
	struct arena *arena;
	VEC(struct diag) list;
	VEC(struct diag_refusal) refused;
	unsigned count[DIAG_FATAL + 1];
};

/* Appends a message; text is formatted. Returns it so that class, expected and hint can be set. */
struct diag *diag_add(struct diags *d, enum diag_severity severity, const char *code,
		      struct conf_span at, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Whether this block's keyword is there with words that could not be used: an error says so, and it
 * would be wrong to say that it is not given. */
bool diag_is_refused(const struct diags *d, const void *block, const char *row);

/* Whether a reload refuses the file because of it, if it is new. A start is refused only by what is
 * DIAG_FATAL: it goes on without what can't be used, as there is nothing better in force. */
bool diag_refuses_reload(const struct diag *d);
/* Because of any. */
bool diags_refuse_reload(const struct diags *d);

/* Sorts by place (messages without a place last), drops exact repeats. */
void diags_sort(struct diags *d);

/* file:line:col: severity[code]: text, the source line with a marker under it, expected, hint.
 * Appends to `out`; several calls may be needed when it is full, so render one at a time. */
void diag_render(const struct diag *d, const struct conf_source *source, struct buf *out);

/* The line it is about as it stands in the file, *ret_len bytes; NULL: none. */
const char *diag_source_line(const struct diag *d, const struct conf_source *source, size_t *ret_len);

/* The same in one line, without the source. */
void diag_render_line(const struct diag *d, const struct conf_source *source, struct buf *out);

/* One line in keepalived's form, "(FILE: Line N) text", or "(Line N) text" with one file. */
void diag_render_keepalived(const struct diag *d, const struct conf_source *source, struct buf *out);

/* Closest word for "did you mean": NULL when nothing is near enough (edit distance with swaps). */
const char *diag_nearest(const char *word, const char *const *candidates, unsigned n);
/* The same as a hint, "did you mean `X`?", in `a`. */
const char *diag_nearest_hint(struct arena *a, const char *word, const char *const *candidates,
			      unsigned n);

#endif
