/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema in words: `holdfast explain`. */
#ifndef HF_CONF_EXPLAIN_H
#define HF_CONF_EXPLAIN_H

#include "conf/schema.h"

/* One keyword where it may stand, as the reference of the language counts them. */
struct explain_entry {
	const char *context, *keyword;
	const struct block *blk;
	const struct row *row;
	const struct choice *choice; /* the entry is one of the words of `row` */
	enum row_effect effect;
	bool ours;		     /* not one of keepalived's */
};

typedef VEC(struct explain_entry) explain_list;

/* Every entry once, in the order of the tables. */
explain_list explain_entries(struct arena *a);

/* All about KEYWORD, CONTEXT or CONTEXT.KEYWORD. false when there is none; the text then holds a hint, if any. */
bool explain_text(const char *what, struct text *out);
/* One line an entry: context TAB keyword TAB effect; keepalived's keywords, or those it does not have. */
void explain_print_list(struct text *out, bool ours);
/* How many work, and those that don't. */
void explain_print_coverage(struct text *out);

#endif
