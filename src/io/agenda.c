/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: a heap of deadlines that knows where each item is, so that moving one costs a few compares
 * and no system call. Must not know what is waited for.
 */
#include "io/agenda.h"

#include <stdlib.h>

#define TURN_MAX 256 /* items served before descriptors get their turn */

struct agenda {
	struct loop *loop;
	struct loop_timer *timer;
	struct agenda_item **heap;
	uint32_t n, cap;
	bool running; /* the timer is set at the end of the turn */
	void (*after)(void *ctx);
	void *after_ctx;
};

static void put(struct agenda *a, uint32_t pos, struct agenda_item *item)
{
	a->heap[pos] = item;
	item->pos = pos + 1;
}

static void move_up(struct agenda *a, struct agenda_item *item, uint32_t pos)
{
	while (pos > 0 && a->heap[(pos - 1) / 2]->at > item->at) {
		put(a, pos, a->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	put(a, pos, item);
}

static void move_down(struct agenda *a, struct agenda_item *item, uint32_t pos)
{
	for (;;) {
		uint32_t child = 2 * pos + 1;

		if (child >= a->n)
			break;
		if (child + 1 < a->n && a->heap[child + 1]->at < a->heap[child]->at)
			child++;
		if (a->heap[child]->at >= item->at)
			break;
		put(a, pos, a->heap[child]);
		pos = child;
	}
	put(a, pos, item);
}

static void take_off(struct agenda *a, struct agenda_item *item)
{
	struct agenda_item *last = a->heap[--a->n];
	uint32_t pos = item->pos - 1;

	item->pos = 0;
	if (last == item)
		return;
	move_down(a, last, pos);
	move_up(a, last, last->pos - 1);
}

static void make_room(struct agenda *a)
{
	if (a->n < a->cap)
		return;
	a->cap = a->cap ? 2 * a->cap : 64;
	a->heap = realloc(a->heap, a->cap * sizeof(*a->heap));
	if (!a->heap)
		abort();
}

static void set_timer(struct agenda *a)
{
	if (!a->running)
		loop_timer_set(a->timer, a->n ? a->heap[0]->at : USEC_NEVER);
}

static void on_timer(void *ctx)
{
	struct agenda *a = ctx;
	usec_t now = loop_now(a->loop);

	a->running = true;
	for (unsigned i = 0; i < TURN_MAX && a->n && a->heap[0]->at <= now; i++) {
		struct agenda_item *item = a->heap[0];

		take_off(a, item);
		item->fn(item);
	}
	if (a->after)
		a->after(a->after_ctx);
	a->running = false;
	set_timer(a);
}

void agenda_after(struct agenda *a, void (*fn)(void *ctx), void *ctx)
{
	a->after = fn;
	a->after_ctx = ctx;
}

bool agenda_is_serving(const struct agenda *a)
{
	return a->running;
}

struct agenda *agenda_new(struct loop *l)
{
	struct agenda *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	a->loop = l;
	a->timer = loop_timer_new(l, on_timer, a);
	return a;
}

struct agenda *agenda_free(struct agenda *a)
{
	if (!a)
		return NULL;
	loop_timer_free(a->timer);
	free(a->heap);
	free(a);
	return NULL;
}

static usec_t nearest(usec_t at, usec_t grid)
{
	return (at + grid / 2) / grid * grid;
}

/* An item that asks for the present is served in the next turn: it must be later than this one's. */
static usec_t on_grid(const struct agenda *a, usec_t at)
{
	usec_t now = loop_now(a->loop);

	if (at <= now)
		return now + 1;
	if (at - now >= AGENDA_FAR)
		return nearest(at, AGENDA_GRID_FAR);
	return usec_max(nearest(at, AGENDA_GRID), now + 1);
}

void agenda_set(struct agenda *a, struct agenda_item *item, usec_t at)
{
	bool was_first = item->pos == 1;

	if (at >= USEC_NEVER - AGENDA_GRID_FAR) {
		if (item->pos)
			take_off(a, item);
	} else if (item->pos) {
		usec_t was = item->at;

		item->at = on_grid(a, at);
		if (item->at < was)
			move_up(a, item, item->pos - 1);
		else
			move_down(a, item, item->pos - 1);
	} else {
		make_room(a);
		item->at = on_grid(a, at);
		move_up(a, item, a->n++);
	}
	if (was_first || item->pos == 1)
		set_timer(a);
}
