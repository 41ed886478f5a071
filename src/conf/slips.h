/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hints at common slips. Private to conf/. */
#ifndef HF_CONF_SLIPS_H
#define HF_CONF_SLIPS_H

#include "conf/diag.h"

/* Gives a hint to each message whose text in the file shows such a slip. */
void slips_hint(struct diags *d, const struct conf_source *source);

#endif
