/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errands: system calls that may take long, one at a time, in a thread that is there from the start, so
 * that the loop of a process that must be on time goes on meanwhile. Nothing is allocated after
 * errand_new(). What the work touches belongs to it until it is done.
 */
#ifndef HF_IO_ERRAND_H
#define HF_IO_ERRAND_H

#include <stdbool.h>

#include "base/usec.h"
#include "io/loop.h"

struct errand;

struct errand_options {
	int rt_priority;	   /* SCHED_RR priority of the thread, 0: normal */
	void (*begin)(void *ctx);  /* called first in the thread, over when errand_new() returns; or NULL */
	void (*work)(void *ctx);   /* the errand, in the thread */
	void (*done)(void *ctx);   /* it took longer than the patience and is over now; in the loop */
	void *ctx;
};

/* 0, or -errno when there is no thread to be had: then errands are run at once where they are asked for. */
int errand_new(struct loop *l, const struct errand_options *o, struct errand **ret);
/* Waits for the work that goes on; NULL is fine, returns NULL. */
struct errand *errand_free(struct errand *e);

/* Runs the work, and waits for it no longer than `patience` (USEC_NEVER: to its end). Whether it is over;
 * if not, done() will be called, and no other errand can be run before. */
bool errand_run(struct errand *e, usec_t patience);

#endif
