/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a worker that still exists is taken as lost; when it gets real-time scheduling back. */
#ifndef HF_PROC_SUPERVISOR_WATCH_H
#define HF_PROC_SUPERVISOR_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/usec.h"

#define WATCH_PERIOD USEC_PER_SEC	     /* between two checks */
#define WATCH_PUNCTUAL (500 * USEC_PER_MSEC) /* a later check: we did not run ourselves */
#define WATCH_CALM (60 * USEC_PER_SEC)
#define WATCH_CALM_MAX (3600 * USEC_PER_SEC)

/* Judges the heartbeats of one worker. */
struct watch {
	usec_t due; /* of the next check, 0: none was made yet */
	unsigned missed;
};

/* A check at `now` that sees this newest heartbeat (monotonic): whether the worker is frozen, that
 * is, its heartbeat was older than `limit` at two checks in a row, both made in time. */
bool watch_is_frozen(struct watch *w, usec_t now, usec_t heartbeat, usec_t limit);

/* Nothing to judge now: the next check starts afresh. */
void watch_reset(struct watch *w);

/* The real-time priority of one worker, which its guard may take away. */
struct watch_priority {
	uint32_t level; /* the one it was seen with, 0: none */
	bool lost;	/* and without it since */
	usec_t since;	/* when that was seen, or when it was last given back */
	unsigned given; /* times in a row */
};

/* A check at `now` that sees this priority (0: none): whether to give it back. First after a
 * minute, then after twice as long each time, up to an hour; an hour without a loss forgets. */
bool watch_gives_back(struct watch_priority *w, usec_t now, uint32_t priority);

#endif
