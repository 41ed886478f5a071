/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `holdfast status NAME...`: what is shown is what is called so. */
#ifndef HF_CTL_FILTER_H
#define HF_CTL_FILTER_H

#include "ctl/snapshot.h"

struct filter {
	char **names; /* what was asked for; n == 0: everything */
	int n;
	bool *found; /* which of them something is called */
};

/* A name as the board has it; of a virtual or real server it may be asked for in the shown form, too,
 * whole, without the protocol, or by the address alone. */
bool filter_takes(const struct filter *f, const char *name);
/* By its name or one of its addresses. */
bool filter_takes_instance(const struct filter *f, const struct snapshot *s,
			   const struct board_instance *i);
/* It is about one of these, or names one in its sentence. */
bool filter_takes_event(const struct filter *f, const struct board_event *e);

#endif
