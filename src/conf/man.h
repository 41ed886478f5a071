/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manual page of the configuration file, made from the rows. */
#ifndef HF_CONF_MAN_H
#define HF_CONF_MAN_H

#include <stddef.h>

#include "base/arena.h"

/* holdfast.conf(5) as mdoc(7) source, in `a`; its length in *ret_len. */
char *conf_man_page(struct arena *a, size_t *ret_len);

#endif
