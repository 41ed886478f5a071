/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling, memory locking and privileges of this process. */
#ifndef HF_IO_SCHED_H
#define HF_IO_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sched_wish {
	int rt_priority;      /* SCHED_RR priority; 0: none */
	bool lock_memory;
	int nice;
	const uint32_t *cpus;
	unsigned n_cpus;
	uint32_t rlimit_rttime; /* usec of CPU without blocking; 0: no limit */
};

struct sched_got {
	int rt_priority;      /* in force */
	bool locked;
	int rt_error, lock_error; /* -errno when a wish was refused */
};

/* Asks for what is wished; never fails as a whole. Before privileges_keep(): it needs CAP_SYS_NICE and
 * CAP_IPC_LOCK. */
void sched_apply(const struct sched_wish *w, struct sched_got *ret);

/* Back to normal scheduling: what the guard against a runaway does (SIGXCPU). 0 or -errno. */
int sched_demote(void);

/* Gives another process SCHED_RR with this priority, reset on fork as in sched_apply(). 0 or -errno. */
int sched_promote(pid_t pid, int priority);

/* The SCHED_RR priority of this process in force, 0: none. */
int sched_priority(void);

/* Installs the guard: when the process used `usec` of CPU time without blocking it is demoted instead
 * of killed. `told` (async-signal-safe flag) becomes true. 0 or -errno. */
int sched_guard(uint32_t usec, volatile bool *told);

/* Keeps only these capabilities (permitted, effective), as far as there are; and CAP_IPC_LOCK where
 * locked memory needs it. `sealed`: bounding set and no new privileges too. A process that runs
 * programs must not seal itself, or a script run as root would not have root's powers. 0 or -errno. */
int privileges_keep(const int *caps, unsigned n, bool sealed);
/* Whether this process may do now what the capability is for. */
bool privileges_have(int cap);

#endif
