/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: when which instance is due: a binary heap of instances by the earliest of their timers,
 * each instance knowing its place.
 * Must not know: what the timers mean.
 */
#include "core/vrrp/internal.h"

static usec_t due_at(const struct vrrp_router *r, unsigned at)
{
	return r->inst[r->heap[at]].due;
}

static void place(struct vrrp_router *r, unsigned at, uint32_t id)
{
	r->heap[at] = id;
	r->inst[id].heap_at = at;
}

static unsigned sift_up(struct vrrp_router *r, unsigned at)
{
	uint32_t id = r->heap[at];

	while (at && due_at(r, (at - 1) / 2) > r->inst[id].due) {
		place(r, at, r->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(r, at, id);
	return at;
}

static void sift_down(struct vrrp_router *r, unsigned at)
{
	uint32_t id = r->heap[at];

	for (;;) {
		unsigned child = at * 2 + 1;

		if (child >= r->n)
			break;
		if (child + 1 < r->n && due_at(r, child + 1) < due_at(r, child))
			child++;
		if (due_at(r, child) >= r->inst[id].due)
			break;
		place(r, at, r->heap[child]);
		at = child;
	}
	place(r, at, id);
}

void deadlines_fix(struct vrrp_router *r, struct inst *i)
{
	usec_t due = USEC_NEVER;

	for (unsigned t = 0; t < TIMERS; t++)
		due = usec_min(due, i->timer[t]);
	if (due == i->due)
		return;
	i->due = due;
	sift_down(r, sift_up(r, i->heap_at));
}

void timer_set(struct vrrp_router *r, struct inst *i, enum timer t, usec_t when)
{
	i->timer[t] = when;
	deadlines_fix(r, i);
}

void timers_clear(struct vrrp_router *r, struct inst *i)
{
	for (unsigned t = 0; t < TIMERS; t++)
		i->timer[t] = USEC_NEVER;
	deadlines_fix(r, i);
}

void deadlines_init(struct vrrp_router *r)
{
	for (unsigned k = 0; k < r->n; k++) {
		place(r, k, k);
		r->inst[k].due = USEC_NEVER;
		for (unsigned t = 0; t < TIMERS; t++)
			r->inst[k].timer[t] = USEC_NEVER;
	}
}
