/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that is run again and again: when it is due, how long it may take, what it last wrote
 * to standard error. vrrp_script and MISC_CHECK stand on it; what a result means is theirs.
 */
#ifndef HF_PROC_RUNNER_TASK_H
#define HF_PROC_RUNNER_TASK_H

#include "proc/command.h"
#include "proc/runner/internal.h"

#define TASK_OUTPUT_MAX 127

struct task;

struct task_ops {
	/* `due` has come: the owner starts a run or not, and sets the next `due`. */
	void (*due)(struct task *t, usec_t now);
	/* A run has a result, once: exit status, -signal, or timed_out while it still runs. */
	void (*result)(struct task *t, int status, bool timed_out);
	/* The process of a run that had timed out is gone at last. May be NULL. */
	void (*ended)(struct task *t);
	/* After task_drop(): nothing runs any more, the memory is the owner's again. */
	void (*free)(struct task *t);
};

struct task {
	struct child child; /* first: children.c gives it back */
	struct runner *r;
	const struct task_ops *ops;
	pid_t group; /* of the last run; its members may outlive it */
	struct command *command; /* NULL: nothing can be run */
	struct loop_timer *timer; /* the earlier of due and kill_at */
	usec_t due, kill_at, kill_wait;
	usec_t started, duration;
	bool expired; /* this run has taken too long and was told to end */
	bool gone;    /* nobody wants it any more */
	bool failed_start;
	int pipe[2];
	struct loop_fd *watch;
	size_t n_output;
	char output[TASK_OUTPUT_MAX + 1];
};

void task_init(struct task *t, struct runner *r, const struct task_ops *ops);
/* Starts a run that may take `limit`. One that can't be executed has the result 127 at once. */
void task_start(struct task *t, usec_t limit);
/* Says when the owner wants to hear of it next. */
void task_set_due(struct task *t, usec_t at);
static inline bool task_is_running(const struct task *t)
{
	return t->child.pid > 0;
}
/* Ends what runs; ops->free follows, maybe at once. */
void task_drop(struct task *t);
/* Tells what runs to end, at a stop; no run is started any more. */
void task_stop(struct task *t);
/* Lets go of everything, killing what runs. */
void task_done(struct task *t);

#endif
