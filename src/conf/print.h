/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of print.c for diff and explain. The whole: conf_print() in conf.h. */
#ifndef HF_CONF_PRINT_H
#define HF_CONF_PRINT_H

#include "conf/schema.h"

/* All set rows of an object as statements, `depth` tabs in. */
void print_body(struct text *t, const struct block *blk, const void *obj, unsigned depth);
/* One row as a statement (or block), whether its bit is set or not. */
void print_statement(struct text *t, const struct row *row, const void *obj, unsigned depth);
/* The words of an entry or of options, each with a blank before it. */
void print_words(struct text *t, const struct block *blk, const void *obj);

#endif
