/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of the files judged. Private to conf/. */
#ifndef HF_CONF_LINT_TEXT_H
#define HF_CONF_LINT_TEXT_H

#include "conf/tree.h"

/* Says once a file where it is no UTF-8: a note if only comments are concerned. */
void conf_lint_text(const struct conf_source *source, struct diags *diags);

#endif
