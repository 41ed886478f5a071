/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of notify scripts of one instance or group: one transition at a time, its scripts one
 * after another; while one runs, the newest transition that waits supersedes older ones that have
 * not begun. A stop is last and never superseded. Pure; the scripts themselves are opaque.
 */
#ifndef HF_PROC_RUNNER_QUEUE_H
#define HF_PROC_RUNNER_QUEUE_H

#include <stdbool.h>

#define QUEUE_STEPS_MAX 2 /* notify_<state>, notify */

/* One event to tell. The scripts belong to whoever holds the job. */
struct queue_job {
	void *step[QUEUE_STEPS_MAX]; /* NULL: nothing to run in this step */
	bool final;		     /* STOP or DELETED: nothing comes after it */
	bool extra;		     /* not a transition (rx_lower_pri): supersedes only its like */
};

struct queue {
	bool busy;   /* a script of `current` runs */
	unsigned at; /* its step */
	struct queue_job current;
	bool has_state, has_extra;
	bool extra_first;	       /* the waiting extra job is older than the waiting state */
	struct queue_job state, extra; /* waiting */
};

/* Adds a job. true: *ret_dropped is a job that will not run (an older one, or this one when a stop
 * already waits); the caller frees it. */
bool queue_push(struct queue *q, const struct queue_job *job, struct queue_job *ret_dropped);

/* The next script to start, NULL when one runs or nothing waits. The queue is busy from then on. */
void *queue_next(struct queue *q);

/* The running script has ended; returns it. */
void *queue_done(struct queue *q);

/* Whether somebody waits for the running script. */
bool queue_waits(const struct queue *q);
bool queue_empty(const struct queue *q);

#endif
