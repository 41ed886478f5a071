/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keepalived's command line (operations.md 1), taken in. */
#ifndef HF_CTL_COMPAT_H
#define HF_CTL_COMPAT_H

#include <stdbool.h>

#include "proc/supervisor/supervisor.h"

struct compat {
	struct supervisor_options daemon;
	bool dont_fork, log_console, no_syslog;
	bool test;	       /* -t */
	const char *test_file; /* where its messages go, or NULL */
	bool genhash;	       /* -T: the rest of the line is for that tool */
	bool done;	       /* everything asked for was done; exit with `status` */
	int status;
};

/* Takes the options in. false: a bad command line, said on standard error. */
bool compat_take_options(struct compat *c, int argc, char **argv);

#endif
