/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serialised notifications of one instance or group (vrrp-behaviour 15). Pure: owns the order, must
 * not know processes, descriptors or time.
 */
#include "proc/runner/queue.h"

#include <stddef.h>

static bool replace(bool *has, struct queue_job *slot, const struct queue_job *job,
		    struct queue_job *ret_dropped)
{
	bool dropped = *has;

	if (dropped)
		*ret_dropped = *slot;
	*slot = *job;
	*has = true;
	return dropped;
}

bool queue_push(struct queue *q, const struct queue_job *job, struct queue_job *ret_dropped)
{
	if (q->has_state && q->state.final) {
		*ret_dropped = *job;
		return true;
	}
	if (job->extra) {
		q->extra_first = !q->has_state;
		return replace(&q->has_extra, &q->extra, job, ret_dropped);
	}
	q->extra_first = true;
	return replace(&q->has_state, &q->state, job, ret_dropped);
}

/* Goes to the next step of the current job that has a script. */
static void *take_step(struct queue *q)
{
	while (q->at < QUEUE_STEPS_MAX) {
		if (q->current.step[q->at]) {
			q->busy = true;
			return q->current.step[q->at];
		}
		q->at++;
	}
	return NULL;
}

static bool take_job(struct queue *q)
{
	if (q->has_extra && (q->extra_first || !q->has_state)) {
		q->current = q->extra;
		q->has_extra = false;
	} else if (q->has_state) {
		q->current = q->state;
		q->has_state = false;
	} else {
		return false;
	}
	q->at = 0;
	return true;
}

void *queue_next(struct queue *q)
{
	void *script;

	if (q->busy)
		return NULL;
	script = take_step(q);
	while (!script && take_job(q))
		script = take_step(q);
	return script;
}

void *queue_done(struct queue *q)
{
	void *script = q->current.step[q->at];

	q->current.step[q->at] = NULL;
	q->at++;
	q->busy = false;
	return script;
}

bool queue_waits(const struct queue *q)
{
	return q->has_state || q->has_extra;
}

bool queue_empty(const struct queue *q)
{
	return !q->busy && !queue_waits(q);
}
