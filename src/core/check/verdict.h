/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From attempts to verdicts: how many failures make a checker fail and when the next attempt comes
 * (lvs behaviour 7). Used by the check processes and, for MISC_CHECK, by the runner.
 */
#ifndef HF_CORE_CHECK_VERDICT_H
#define HF_CORE_CHECK_VERDICT_H

#include "model/lvs.h"

enum check_outcome {
	CHECK_GOOD,
	CHECK_BAD,
	CHECK_UNDECIDED, /* our own trouble (no socket, no mark): no verdict, again after delay_loop */
};

struct check_verdict {
	bool has_run, up;
	bool fresh;	   /* process start: a failure before the first verdict is decisive (not for SMTP) */
	uint32_t failures; /* in a row */
	uint16_t url;	   /* HTTP: URL to fetch next */
	uint16_t good_urls; /* HTTP, until up: 1 + pages good in a row; 0: the failed page is awaited */
};

/* State before the first attempt. `fresh`: the daemon starts; false for a checker that a reload added. */
struct check_verdict check_verdict_new(const struct conf_checker *c, bool fresh);

/* Makes a verdict that comes from elsewhere (a board, another configuration) fit the checker: `url`
 * and `good_urls` within its pages. */
void check_verdict_mend(struct check_verdict *v, const struct conf_checker *c);

struct check_next {
	bool changed;  /* up is another one now, or this was the first result that counts */
	bool attempt;  /* the failure was not decisive: a retry follows */
	usec_t delay;  /* from the end of this attempt to the start of the next (MISC: from its start) */
};
struct check_next check_verdict_step(struct check_verdict *v, const struct conf_checker *c,
				     enum check_outcome outcome);

/* Delay of the first run: 1 s and `random` (0..UINT32_MAX) as a share of warmup. */
usec_t check_first_delay(const struct conf_checker *c, uint32_t random);

#endif
