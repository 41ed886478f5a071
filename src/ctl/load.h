/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a configuration file for a subcommand. */
#ifndef HF_CTL_LOAD_H
#define HF_CTL_LOAD_H

#include <stdio.h>

#include "conf/conf.h"

struct load_options {
	const char *config_id; /* NULL: of this host */
	bool offline;	       /* ask the machine for files only */
	bool include_check;
	bool lenient_main; /* a missing main file is no error, as for keepalived */
};

/* The caller frees .arena. */
struct conf_loaded load_file(const char *path, const struct load_options *o);

/* Prints all messages in full, with the source lines. */
void load_print_diags(const struct conf_loaded *l, FILE *to);
/* One line a message, in keepalived's form. */
void load_print_diags_keepalived(const struct conf_loaded *l, FILE *to);

static inline bool load_has_errors(const struct conf_loaded *l)
{
	return l->diags.count[DIAG_ERROR] + l->diags.count[DIAG_FATAL] > 0;
}

#endif
