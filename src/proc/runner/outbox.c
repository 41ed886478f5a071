/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue, the thread that delivers, the pauses. Must not know what a message says.
 */
#include "proc/runner/outbox.h"

#include <stdlib.h>

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
	struct outbox_item *first, **last; /* waiting; the first is tried again after a failure */
	unsigned waiting;
	struct aside *thread; /* is delivering `first` */
	struct loop_timer *timer;
	bool resting; /* until the timer: a server that failed is not pressed */
	unsigned lost;
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

static void take_first(struct outbox *o)
{
	struct outbox_item *i = o->first;

	o->first = i->next;
	if (!o->first)
		o->last = &o->first;
	o->waiting--;
	arena_free(i->arena);
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

static void done(void *ctx)
{
	struct outbox_item *i = ctx;
	struct outbox *o = i->outbox;
	usec_t now = loop_now(o->r->loop);

	o->thread = NULL;
	if (i->result.good) {
		if (i->tries > 1)
			log_info("%s: sent, after %u tries", i->what, i->tries);
		else
			log_debug("%s: sent", i->what);
		take_first(o);
	} else if (i->result.hopeless || now - i->queued > TOO_OLD) {
		log_err("%s: %s: given up", i->what, i->result.text);
		take_first(o);
	} else {
		log_warning("%s: %s: tried again in %d s", i->what, i->result.text,
			    (int)(pause_after(i->tries) / USEC_PER_SEC));
		o->resting = true;
		loop_timer_set(o->timer, now + pause_after(i->tries));
		return;
	}
	deliver_next(o);
	if (o->r->stopping)
		runner_check_stopped(o->r);
}

static void deliver_next(struct outbox *o)
{
	if (o->thread || o->resting)
		return;
	while (o->first && !o->aim(o->owner, o->first)) {
		log_info("%s: nobody gets it any more, dropped", o->first->what);
		take_first(o);
	}
	if (!o->first)
		return;
	o->first->tries++;
	o->thread = aside_run(o->r->loop, work, done, o->first);
	if (!o->thread) { /* none to be had now */
		o->resting = true;
		loop_timer_set(o->timer, loop_now(o->r->loop) + PAUSE_FIRST);
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
	deliver_next(o);
}

/* The first one may be in the hands of the thread. */
static void make_room(struct outbox *o)
{
	struct outbox_item *second = o->first->next;

	if (o->lost++ == 0)
		log_err("%s: too many messages wait, the oldest are dropped", o->name);
	o->first->next = second->next;
	if (o->last == &second->next)
		o->last = &o->first->next;
	o->waiting--;
	arena_free(second->arena);
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
		take_first(o);
	loop_timer_free(o->timer);
	delivery_close(o->delivery);
	free(o);
	return NULL;
}
