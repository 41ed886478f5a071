/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not as it should be. */
#ifndef HF_CTL_PROBLEMS_H
#define HF_CTL_PROBLEMS_H

#include "ctl/snapshot.h"

/* Tells each problem in a short sentence, `tell` may be NULL; returns how many there are: a process
 * lost, FAULT, a rival, adverts refused just now or with other addresses, a missing address of a
 * master, a script that can't be run, a virtual server in use without its quorum, in panic or not as
 * the kernel was told, a sync daemon that can't be started. */
unsigned problems_tell(const struct snapshot *s, void (*tell)(void *ctx, const char *text), void *ctx);
/* How many of these a virtual server has. */
unsigned problems_of_service(const struct board_service *v);

#endif
