/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running children of this process by their pid; each belongs to the struct it is embedded in. */
#ifndef HF_PROC_RUNNER_CHILDREN_H
#define HF_PROC_RUNNER_CHILDREN_H

#include <sys/types.h>

#define CHILDREN_BUCKETS 256

struct child {
	pid_t pid; /* 0: not running */
	struct child *next;
	void (*ended)(struct child *c, int status); /* wait status; pid is 0 by then */
};

struct children {
	struct child *bucket[CHILDREN_BUCKETS];
	unsigned running;
};

/* Remembers c, whose pid and ended are set. */
void children_add(struct children *all, struct child *c);
/* Reaps everything that has ended and tells its owner. */
void children_reap(struct children *all);

/* The process groups of all that run, in a new array that the caller frees: how many. */
unsigned children_groups(const struct children *all, pid_t **ret);

/* Exit status, or minus the signal. */
int children_status(int wait_status);

#endif
