/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever has notify scripts (an instance, a group, a virtual or real server): they are run one
 * after another, in the order of queue.h, limited in time only when a newer state waits.
 */
#ifndef HF_PROC_RUNNER_TARGET_H
#define HF_PROC_RUNNER_TARGET_H

#include "proc/runner/internal.h"
#include "proc/runner/queue.h"

#define TARGET_NAME_MAX 208

struct target;

struct target *target_new(struct runner *r, const char *name);
const char *target_name(const struct target *t);
/* Takes over the scripts of the job (struct command) and runs them when it is their turn. */
void target_push(struct target *t, struct queue_job *job);
/* No script of it runs or waits. */
bool target_is_idle(const struct target *t);
/* It is gone: what is queued (DELETED) is still run, then it is freed. */
void target_drop(struct target *t);
/* Frees it with what is queued. */
void target_free(struct target *t);

#endif
