/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue, the thread that delivers, the pauses. Must not know what a message says.
 *
 * When a server can't be reached, or takes nothing, everything rests, and the oldest is tried again: so
 * the order is kept. A mail that alone was put off rests alone, and others pass it.
 */
#include "proc/runner/outbox.h"

#include <stdlib.h>

#include "base/str.h"
#include "io/aside.h"

#define WAITING_MAX 1000
#define PAUSE_FIRST USEC_PER_SEC /* doubled with each try */
#define PAUSE_MAX (60 * USEC_PER_SEC)
#define TOO_OLD (30 * 60 * USEC_PER_SEC)

struct outbox {
	struct runner *r;
	const char *name;
	outbox_aim aim;
	void *owner;
	struct outbox_item *first, **last; /* waiting, the oldest first */
	unsigned waiting;
	struct outbox_item *current; /* one of them, which the thread is delivering */
	struct aside *thread;
	struct loop_timer *timer;
	bool resting; /* until the timer: a server that failed is not pressed */
	unsigned lost; /* since none waited */
	char error[160]; /* of the last try, if it failed */
	struct delivery *delivery;
	bool opened; /* or tried to */
};

static void deliver_next(struct outbox *o);

struct outbox_item *outbox_item_new(void)
{
	struct arena *a = arena_new();
	struct outbox_item *i = arena_new_of(a, struct outbox_item);

	i->arena = a;
	return i;
}

/* For those who wonder why no alert comes. */
static void note(const struct outbox *o)
{
	struct board_outbox *b;

	if (!o->r->board.header)
		return;
	b = &o->r->board.header->outbox[str_eq(o->name, "mail") ? 0 : 1];
	board_write_begin(&b->seq);
	b->waiting = o->error[0] ? o->waiting : 0;
	b->since = o->first ? o->first->queued : 0;
	str_copy(b->name, sizeof(b->name), o->name);
	str_copy(b->error, sizeof(b->error), o->error);
	board_write_end(&b->seq);
}

static void take_out(struct outbox *o, struct outbox_item *i)
{
	struct outbox_item **at = &o->first;

	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	if (!i->next)
		o->last = at;
	o->waiting--;
	arena_free(i->arena);
	if (o->waiting == 0 && o->lost > 0) {
		log_notice("%s: none waits any more, %u were dropped", o->name, o->lost);
		o->lost = 0;
	}
}

/* In the thread. */
static void work(void *ctx)
{
	struct outbox_item *i = ctx;

	if (i->post.body)
		delivery_post(i->outbox->delivery, &i->post, &i->result);
	else
		delivery_mail(i->outbox->delivery, &i->mail, &i->result);
}

static usec_t pause_after(unsigned tries)
{
	usec_t pause = PAUSE_FIRST;

	for (unsigned i = 1; i < tries && pause < PAUSE_MAX; i++)
		pause *= 2;
	return usec_min(pause, PAUSE_MAX);
}

static void rest(struct outbox *o, usec_t until)
{
	o->resting = true;
	loop_timer_set(o->timer, until);
}

/* Alone, if it is not the server that failed. */
static void try_again(struct outbox *o, struct outbox_item *i, usec_t now)
{
	usec_t pause = pause_after(i->tries);

	log_warning("%s: %s: tried again in %d s", i->what, i->result.text, (int)(pause / USEC_PER_SEC));
	i->due = now + pause;
	str_copy(o->error, sizeof(o->error), i->result.text);
	note(o);
	rest(o, i->result.postponed ? now + PAUSE_FIRST : i->due);
}

static void done(void *ctx)
{
	struct outbox_item *i = ctx;
	struct outbox *o = i->outbox;
	usec_t now = loop_now(o->r->loop);

	o->thread = NULL;
	o->current = NULL;
	if (i->result.good) {
		if (i->tries > 1)
			log_info("%s: sent, after %u tries", i->what, i->tries);
		else
			log_debug("%s: sent", i->what);
		take_out(o, i);
	} else if (i->result.hopeless || now - i->queued > TOO_OLD) {
		log_err("%s: %s: given up", i->what, i->result.text);
		take_out(o, i);
	} else {
		try_again(o, i, now);
		return;
	}
	o->error[0] = '\0';
	note(o);
	deliver_next(o);
	if (o->r->stopping)
		runner_check_stopped(o->r);
}

/* The oldest that need not wait, or NULL: *ret_due is then when there will be one. */
static struct outbox_item *next_due(const struct outbox *o, usec_t now, usec_t *ret_due)
{
	*ret_due = USEC_NEVER;
	for (struct outbox_item *i = o->first; i; i = i->next) {
		if (i->due <= now)
			return i;
		*ret_due = usec_min(*ret_due, i->due);
	}
	return NULL;
}

static void deliver_next(struct outbox *o)
{
	usec_t now = loop_now(o->r->loop), due;
	struct outbox_item *i;

	if (o->thread || o->resting)
		return;
	while ((i = next_due(o, now, &due)) && !o->aim(o->owner, i)) {
		log_info("%s: nobody gets it any more, dropped", i->what);
		take_out(o, i);
		note(o);
	}
	loop_timer_set(o->timer, due);
	if (!i)
		return;
	i->tries++;
	o->current = i;
	o->thread = aside_run(o->r->loop, work, done, i);
	if (!o->thread) { /* none to be had now */
		o->current = NULL;
		rest(o, now + PAUSE_FIRST);
	}
}

static void on_timer(void *ctx)
{
	struct outbox *o = ctx;

	o->resting = false;
	deliver_next(o);
}

void outbox_hurry(struct outbox *o)
{
	loop_timer_set(o->timer, USEC_NEVER);
	o->resting = false;
	for (struct outbox_item *i = o->first; i; i = i->next)
		i->due = 0;
	note(o);
	deliver_next(o);
}

/* The oldest, unless it is in the hands of the thread. */
static void make_room(struct outbox *o)
{
	if (o->lost++ == 0)
		log_err("%s: too many messages wait, the oldest are dropped", o->name);
	take_out(o, o->first == o->current ? o->first->next : o->first);
}

static bool open_library(struct outbox *o)
{
	const char *error = NULL;

	if (!o->opened) {
		o->opened = true;
		o->delivery = delivery_open(&error);
		if (!o->delivery)
			log_err("%s: nothing can be sent: %s", o->name, error);
	}
	return o->delivery;
}

void outbox_send(struct outbox *o, struct outbox_item *item)
{
	if (!open_library(o)) {
		arena_free(item->arena);
		return;
	}
	if (o->waiting >= WAITING_MAX)
		make_room(o);
	item->outbox = o;
	item->queued = loop_now(o->r->loop);
	*o->last = item;
	o->last = &item->next;
	o->waiting++;
	deliver_next(o);
}

bool outbox_is_idle(const struct outbox *o)
{
	return !o->thread;
}

struct outbox *outbox_new(struct runner *r, const char *name, outbox_aim aim, void *owner)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->r = r;
	o->name = name;
	o->aim = aim;
	o->owner = owner;
	o->last = &o->first;
	o->timer = loop_timer_new(r->loop, on_timer, o);
	return o;
}

struct outbox *outbox_free(struct outbox *o)
{
	if (!o || o->thread)
		return NULL;
	while (o->first)
		take_out(o, o->first);
	loop_timer_free(o->timer);
	delivery_close(o->delivery);
	free(o);
	return NULL;
}
