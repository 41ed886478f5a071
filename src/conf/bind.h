/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements -> model: the rows of the schema applied to a syntax tree. */
#ifndef HF_CONF_BIND_H
#define HF_CONF_BIND_H

#include "conf/schema.h"

/* Gives b->conf (already made) its defaults. Needs all members of *b but `tables`. */
void bind_begin(struct bind *b);

/* Fills b->conf from one statement of the top level, of which only the text of its words must live
 * on. */
void bind_top(struct bind *b, const struct conf_stmt *stmt);

#endif
