/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the way of events through a router. An event that concerns many instances (a link, a
 * script, the start, the stop) only puts them into a queue; the queue is worked off as far as the
 * output list has room, the rest in later ticks. So no event needs an output list of unbounded
 * size. Must not know: what is decided.
 */
#include "core/vrrp/internal.h"

#include <assert.h>

/* A tick may send adverts that are due a moment later: many instances share a wake-up. */
#define SLACK_MOST USEC_PER_MSEC
#define SLACK_PART 64
/* Actions of one tick beyond what one piece of work may need. */
#define OUT_EXTRA 64

void router_queue(struct vrrp_router *r, struct inst *i)
{
	if (i->queued || !r->started)
		return;
	i->queued = true;
	r->queue[(r->queue_at + r->queue_n++) % r->n] = i->id;
}

static void users_queue(struct vrrp_router *r, const struct users *u)
{
	for (unsigned k = 0; k < u->n; k++)
		router_queue(r, &r->inst[u->v[k]]);
}

static void reload_consequences(struct vrrp_router *r, struct inst *i)
{
	if (!i->vips_changed)
		return;
	if (i->state == VRRP_MASTER) {
		emit(r, VRRP_DO_OWN, i);
		if (i->vips_added && i->conf->garp_master_repeat) {
			struct vrrp_action *a = emit(r, VRRP_DO_ANNOUNCE, i);

			a->rounds = i->conf->garp_master_repeat;
			a->value = 1;
			timer_set(r, i, T_BLOCK,
				  i->conf->garp_master_delay ? r->now + i->conf->garp_master_delay
							     : USEC_NEVER);
		}
	}
	i->vips_changed = i->vips_added = false;
}

static void queue_work_one(struct vrrp_router *r)
{
	struct inst *i = &r->inst[r->queue[r->queue_at]];

	r->queue_at = (r->queue_at + 1) % r->n;
	r->queue_n--;
	i->queued = false;
	if (r->stopping) {
		leave_begin(r, i);
		return;
	}
	unit_settle(r, i);
	reload_consequences(r, i);
}

/* After the last instance the groups stop, too. */
static void group_stop_one(struct vrrp_router *r)
{
	struct cause cause = {.kind = CAUSE_SHUTDOWN};

	group_set(r, &r->groups[r->groups_stopped++], VRRP_STOP, &cause);
}

static bool groups_to_stop(const struct vrrp_router *r)
{
	return r->stopping && r->stopped == r->n && r->groups_stopped < r->conf->groups.n;
}

static bool room(const struct vrrp_router *r)
{
	return r->out->cap - r->out->n >= r->worst;
}

static void queue_work(struct vrrp_router *r)
{
	while (r->queue_n && room(r))
		queue_work_one(r);
	while (groups_to_stop(r) && room(r))
		group_stop_one(r);
}

static usec_t slack(const struct inst *i)
{
	return usec_min(i->conf->advert_int / SLACK_PART, SLACK_MOST);
}

/* Fires the earliest timer of the most urgent instance, if it is due. */
static bool timer_work(struct vrrp_router *r)
{
	struct inst *i;
	enum timer first = 0;

	if (!r->n)
		return false;
	i = &r->inst[r->heap[0]];
	for (enum timer t = 0; t < TIMERS; t++)
		if (i->timer[t] < i->timer[first])
			first = t;
	if (i->timer[first] == USEC_NEVER)
		return false;
	if (i->timer[first] > r->now && (first != T_ADVERT || i->timer[first] > r->now + slack(i)))
		return false;
	inst_timer_fire(r, i, first);
	return true;
}

static void tick(struct vrrp_router *r)
{
	while (room(r) && timer_work(r))
		queue_work(r);
}

/* ---- events ---- */

static void start(struct vrrp_router *r, usec_t delay)
{
	delay = usec_max(delay, r->conf->global.startup_delay);

	r->started = true;
	for (unsigned k = 0; k < r->n; k++) {
		struct inst *i = &r->inst[k];

		if (delay && !r->reloaded && i->state == VRRP_INIT)
			timer_set(r, i, T_START, r->now + delay);
		else
			router_queue(r, i);
	}
}

static void shutdown_begin(struct vrrp_router *r)
{
	r->started = r->stopping = true;
	for (unsigned k = 0; k < r->n; k++)
		router_queue(r, &r->inst[k]);
}

static void link_set(struct vrrp_router *r, uint32_t id, bool exists, bool up)
{
	struct port *p;

	if (id >= r->n_ports)
		return;
	p = &r->ports[id];
	if (p->exists == exists && p->up == (exists && up))
		return;
	p->exists = exists;
	p->up = exists && up;
	users_queue(r, &p->users);
}

static void source_set(struct vrrp_router *r, struct inst *i, const struct ip_addr *source)
{
	if (!ip_is_set(source) && ip_is_set(&i->conf->src) && !i->conf->track_src_ip)
		return; /* configured, and not to be watched */
	if (ip_equal(&i->source, source))
		return;
	i->source = *source;
	router_queue(r, i);
}

static void script_set(struct vrrp_router *r, const struct vrrp_event *ev)
{
	struct script *s;

	if (ev->id >= r->conf->scripts.n)
		return;
	s = &r->scripts[ev->id];
	s->state = ev->script.good ? SCRIPT_GOOD : SCRIPT_BAD;
	s->status = ev->script.status;
	s->timed_out = ev->script.timed_out;
	users_queue(r, &s->users);
}

static void file_set(struct vrrp_router *r, uint32_t id, int64_t value)
{
	if (id >= r->conf->files.n || value != (int32_t)value)
		return;
	r->files[id].value = value;
	users_queue(r, &r->files[id].users);
}

static struct inst *inst_of(struct vrrp_router *r, uint32_t id)
{
	return id < r->n ? &r->inst[id] : NULL;
}

static void event(struct vrrp_router *r, const struct vrrp_event *ev)
{
	struct inst *i = inst_of(r, ev->id);

	switch (ev->kind) {
	case VRRP_EV_START:
		start(r, ev->value);
		return;
	case VRRP_EV_TICK:
	case VRRP_EV_CONTINUE:
		return;
	case VRRP_EV_ADVERT:
		if (i && r->started)
			inst_advert(r, i, &ev->rx.advert, &ev->rx.from);
		return;
	case VRRP_EV_LINK:
		link_set(r, ev->id, ev->link.exists, ev->link.up);
		return;
	case VRRP_EV_SOURCE:
		if (i)
			source_set(r, i, &ev->source);
		return;
	case VRRP_EV_SCRIPT:
		script_set(r, ev);
		return;
	case VRRP_EV_FILE:
		file_set(r, ev->id, ev->value);
		return;
	case VRRP_EV_VIP_GONE:
		if (i)
			inst_vip_gone(r, i, &ev->vip);
		return;
	case VRRP_EV_SHUTDOWN:
		shutdown_begin(r);
		return;
	}
}

void vrrp_router_step(struct vrrp_router *r, usec_t now, const struct vrrp_event *ev,
		      struct vrrp_out *out)
{
	assert(out->cap - out->n >= 2 * r->worst);
	r->now = now;
	r->out = out;
	event(r, ev);
	queue_work(r);
	if (ev->kind == VRRP_EV_TICK)
		tick(r);
	r->out = NULL;
}

bool vrrp_router_busy(const struct vrrp_router *r)
{
	return r->queue_n || groups_to_stop(r);
}

usec_t vrrp_router_deadline(const struct vrrp_router *r)
{
	if (vrrp_router_busy(r))
		return r->now;
	return r->n ? r->inst[r->heap[0]].due : USEC_NEVER;
}

struct vrrp_out vrrp_router_out(struct vrrp_router *r)
{
	unsigned cap = 2 * r->worst + OUT_EXTRA;

	return (struct vrrp_out){.v = arena_alloc(r->arena, cap * sizeof(struct vrrp_action)),
				 .cap = cap};
}

bool vrrp_router_stopped(const struct vrrp_router *r)
{
	return r->stopping && r->stopped == r->n && !groups_to_stop(r);
}

struct vrrp_router *vrrp_router_new(const struct conf *conf)
{
	return router_build(conf);
}

struct vrrp_router *vrrp_router_free(struct vrrp_router *r)
{
	if (r)
		arena_free(r->arena);
	return NULL;
}

void vrrp_router_adopt(struct vrrp_router *r, const struct vrrp_past *past)
{
	struct inst *i = inst_of(r, past->instance);
	bool known = past->state == VRRP_MASTER || past->state == VRRP_BACKUP ||
		     past->state == VRRP_FAULT;
	struct cause adopted = {.kind = CAUSE_ADOPTED};

	if (!i || r->started || !known)
		return;
	i->state = past->state;
	i->since = past->since;
	i->cause = past->cause.kind ? past->cause : adopted;
	i->followed = past->followed;
	i->adopting = true;
	if (i->group != CONF_NONE) {
		struct group *g = &r->groups[i->group];

		g->state = group_computed(r, g);
		g->since = usec_max(g->since, past->since);
		if (!g->cause.kind || i->cause.kind != CAUSE_GROUP) /* who was followed, not who follows */
			g->cause = i->cause;
	}
}
