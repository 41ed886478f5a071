/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements -> model: the rows of the schema applied to a syntax tree. */
#ifndef HF_CONF_BIND_H
#define HF_CONF_BIND_H

#include "conf/schema.h"

/* Fills b->conf (already made, zeroed) from the tree. Needs all members of *b but `tables`. */
void bind_tree(struct bind *b, const struct conf_tree *tree);

#endif
