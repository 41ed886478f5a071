/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling lvs: verdicts that changed, or all of them when it asks. A channel takes a few hundred
 * messages at most, so what has to be told stands in a queue of probes (not of messages: the newest
 * state is what counts) that goes on when there is room.
 */
#include <errno.h>

#include "base/str.h"
#include "proc/check/internal.h"

#define AGAIN AGENDA_GRID

static int send_verdict(const struct check *c, uint32_t checker)
{
	const struct check_worker *w = c->w;
	struct msg_verdict m = {
		.generation = w->set->generation,
		.checker = checker,
		.up = c->verdict.up,
		.drain = c->verdict.up && c->drain,
		.has_percent = c->verdict.up && c->has_percent,
		.percent = c->percent,
	};

	if (!m.up)
		str_copy(m.reason, sizeof(m.reason), w->board.probes[c->record].reason);
	return channel_send(&w->lvs, MSG_VERDICT_CHECK, &m, NULL, 0);
}

/* While its virtual server is suspended a server stays what it was; lvs that asks is told that, too. */
static bool is_frozen(const struct check *c, uint32_t checker)
{
	const struct check_set *set = c->w->set;

	return !c->w->end_wanted &&
	       set->suspended[set->conf->real_servers.v[set->conf->checkers.v[checker]->rs]->vs];
}

/* False: there is no room. A channel whose other end is gone swallows everything. */
static bool tell_sharers(struct check *c)
{
	for (; c->n_told < c->plan->checkers.n; c->n_told++) {
		uint32_t checker = c->plan->checkers.v[c->n_told];

		if (!is_frozen(c, checker) && send_verdict(c, checker) == -EAGAIN)
			return false;
	}
	return true;
}

static bool tell_end(struct check_worker *w)
{
	const struct msg_snapshot_end m = {.generation = w->set->generation};

	if (w->end_wanted && channel_send(&w->lvs, MSG_SNAPSHOT_END_CHECK, &m, NULL, 0) == -EAGAIN)
		return false;
	w->end_wanted = false;
	return true;
}

static void on_again(struct agenda_item *item);

static void flush(struct check_worker *w)
{
	bool room = true;

	while (room && w->untold) {
		struct check *c = w->untold;

		room = tell_sharers(c);
		if (!room)
			break;
		w->untold = c->next_untold;
		c->next_untold = NULL;
		c->untold = false;
	}
	if (!w->untold)
		w->untold_end = NULL;
	if (room && tell_end(w))
		return;
	w->tell_again.fn = on_again;
	agenda_set(w->agenda, &w->tell_again, loop_now(w->loop) + AGAIN);
}

static void on_again(struct agenda_item *item)
{
	flush((struct check_worker *)((char *)item - offsetof(struct check_worker, tell_again)));
}

static void enqueue(struct check *c)
{
	struct check_worker *w = c->w;

	c->n_told = 0;
	if (c->untold)
		return;
	c->untold = true;
	c->next_untold = NULL;
	*(w->untold_end ? w->untold_end : &w->untold) = c;
	w->untold_end = &c->next_untold;
}

static bool is_heard(const struct check_worker *w)
{
	return w->lvs.fd >= 0 && w->set && w->wanted == w->set->generation;
}

void tell_lvs(struct check *c)
{
	struct check_worker *w = c->w;

	if (!is_heard(w) || !c->verdict.has_run)
		return;
	enqueue(c);
	if (!agenda_has(&w->tell_again))
		flush(w);
}

void tell_all(struct check_worker *w)
{
	if (!is_heard(w))
		return;
	for (uint32_t i = 0; i < w->set->n; i++)
		if (w->checks[i]->verdict.has_run)
			enqueue(w->checks[i]);
	w->end_wanted = true;
	flush(w);
}

void tell_forget(struct check_worker *w)
{
	struct check *next;

	for (struct check *c = w->untold; c; c = next) {
		next = c->next_untold;
		c->next_untold = NULL;
		c->untold = false;
	}
	w->untold = NULL;
	w->untold_end = NULL;
	w->end_wanted = false;
	agenda_set(w->agenda, &w->tell_again, USEC_NEVER);
}
