/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables_ipvs: the marks of virtual server groups in the kernel, for the engine ipvs. */
#ifndef HF_PROC_LVS_GROUP_MARKS_H
#define HF_PROC_LVS_GROUP_MARKS_H

#include "model/conf.h"

struct group_marks;

/* A configuration, the first or another; failures are logged. *m is NULL at first, and stays so
 * without nftables_ipvs. */
void group_marks_configure(struct group_marks **m, const struct conf *conf);
/* The tables go, unless they are to be kept. NULL is fine; returns NULL. */
struct group_marks *group_marks_close(struct group_marks *m, bool keep);

#endif
