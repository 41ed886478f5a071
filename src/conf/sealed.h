/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading canonical text (conf_print) back, word for word. */
#ifndef HF_CONF_SEALED_H
#define HF_CONF_SEALED_H

#include "conf/tree.h"

struct sealed;

/* A reader of `text`, in `words`. The words of its statements point into a copy of the text that is
 * in `words`, too. Blocks of the top level with a keyword of `skip` (ends with NULL; may be NULL) are
 * neither read nor copied. */
struct sealed *sealed_new(const char *text, size_t len, const char *const *skip,
			  struct arena *words, struct diags *diags);

/* The next statement of the top level with all that is in it, made in `a`; NULL at the end, which a
 * text that can't be read brings about, too. */
struct conf_stmt *sealed_next(struct sealed *s, struct arena *a);

#endif
