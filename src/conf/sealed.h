/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading canonical text (conf_print) back, word for word. */
#ifndef HF_CONF_SEALED_H
#define HF_CONF_SEALED_H

#include "conf/tree.h"

/* The statements of `text`. The tree is in `tree_arena`; its words point into a copy of the text in
 * `words`, so that the tree can be freed while a model made from it lives on. */
struct conf_tree *sealed_parse(const char *name, const char *text, size_t len, struct arena *tree_arena,
			       struct arena *words, struct diags *diags);

#endif
