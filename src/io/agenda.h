/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of deadlines under one timer of the loop, on a grid of 2 ms, or of 10 ms for what is far
 * away, so that what is due at nearly the same time is done in one turn.
 */
#ifndef HF_IO_AGENDA_H
#define HF_IO_AGENDA_H

#include "io/loop.h"

#define AGENDA_GRID (2 * USEC_PER_MSEC)
#define AGENDA_GRID_FAR (5 * AGENDA_GRID)
#define AGENDA_FAR (500 * USEC_PER_MSEC) /* from here on: of a wait like that it is 1 % either way */

struct agenda;

/* Embedded in what waits. Zeroed and with `fn` set: not on the agenda. */
struct agenda_item {
	usec_t at;
	uint32_t pos; /* 1 + its place in the heap; 0: not there */
	void (*fn)(struct agenda_item *item);
};

struct agenda *agenda_new(struct loop *l);
/* Items on it are forgotten. */
struct agenda *agenda_free(struct agenda *a);

/* Calls item->fn once, at the point of the grid nearest to `at`, but never before the next turn.
 * Replaces an earlier setting; USEC_NEVER: takes it off. */
void agenda_set(struct agenda *a, struct agenda_item *item, usec_t at);

/* fn is called at the end of each turn in which items were served, before others get theirs. */
void agenda_after(struct agenda *a, void (*fn)(void *ctx), void *ctx);
/* Whether such a turn is going on. */
bool agenda_is_serving(const struct agenda *a);

static inline bool agenda_has(const struct agenda_item *item)
{
	return item->pos != 0;
}

#endif
