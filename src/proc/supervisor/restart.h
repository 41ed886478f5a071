/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to start a dead worker again. Pure. */
#ifndef HF_PROC_SUPERVISOR_RESTART_H
#define HF_PROC_SUPERVISOR_RESTART_H

#include <stdbool.h>

#include "base/usec.h"

#define RESTART_LONG_ENOUGH (60 * USEC_PER_SEC) /* who ran this long did not die of its start */
#define RESTART_DELAY_MAX (60 * USEC_PER_SEC)
#define RESTART_HOPELESS 3 /* quick deaths in a row after which nobody waits for it */

struct restart {
	unsigned quick; /* deaths in a row, each soon after the start */
};

/* The worker that had started at `started` died at `now`: time to wait before the next start. The
 * first time and after a long run none, else 0, 1, 2, 4, ... up to 60 s. */
usec_t restart_after_death(struct restart *r, usec_t started, usec_t now);

/* Whether the worker must be taken as lost: what it owned has to be taken away from the host. */
bool restart_is_hopeless(const struct restart *r);

#endif
