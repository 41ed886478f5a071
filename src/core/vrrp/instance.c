/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the states of one instance and what its timers do (RFC 9568 6.4): one function per state it
 * enters, one function through which every change of state goes.
 * Must not know: sync groups (unit.c calls these for each member), sockets, addresses of the host.
 */
#include "core/vrrp/internal.h"

#include <assert.h>

#define VIP_WINDOW (60 * USEC_PER_SEC)
#define VIP_LOSSES_MOST 5
/* A flushed interface loses its addresses one by one: they are not announced 2,000 times 2,000. */
#define VIP_BURST (100 * USEC_PER_MSEC)

struct vrrp_action *emit(struct vrrp_router *r, enum vrrp_action_kind kind, const struct inst *i)
{
	struct vrrp_action *a;

	assert(r->out->n < r->out->cap); /* r->worst is wrong */
	a = &r->out->v[r->out->n++];
	*a = (struct vrrp_action){.kind = kind, .id = i ? i->id : CONF_NONE};
	return a;
}

struct vrrp_action *emit_note(struct vrrp_router *r, const struct inst *i, enum vrrp_note note)
{
	struct vrrp_action *a = emit(r, VRRP_DO_NOTE, i);

	a->note = note;
	a->from = a->to = i->state;
	return a;
}

void emit_advert(struct vrrp_router *r, struct inst *i, uint8_t priority)
{
	emit(r, VRRP_DO_SEND_ADVERT, i)->priority = priority;
	i->advert_sent++;
	if (!priority)
		i->pri_zero_sent++;
}

void emit_announce(struct vrrp_router *r, const struct inst *i, uint32_t rounds)
{
	if (rounds)
		emit(r, VRRP_DO_ANNOUNCE, i)->rounds = rounds;
}

usec_t inst_skew(const struct inst *i)
{
	return vrrp_skew_time(i->conf->version, i->effective, i->master_interval);
}

usec_t inst_down_interval(const struct inst *i)
{
	/* an owner counts as 255 even while it has lowered itself */
	uint8_t priority = i->conf->priority == 255 ? 255 : i->effective;

	return vrrp_master_down_interval(i->conf->version, priority, i->master_interval,
					 i->conf->down_timer_adverts);
}

/* Every change of state: forgets what belongs to the old one and reports it. */
void change_state(struct vrrp_router *r, struct inst *i, enum vrrp_state to,
		  const struct cause *cause)
{
	struct vrrp_action *a = emit(r, VRRP_DO_TRANSITION, i);

	a->from = i->was_master && to != VRRP_MASTER ? VRRP_MASTER : i->state;
	a->to = to;
	a->cause = *cause;
	a->priority = i->effective;
	if (i->state != to) {
		i->since = r->now;
		i->adopted = false;
		i->become_master += to == VRRP_MASTER;
		i->release_master += i->state == VRRP_MASTER;
	}
	i->state = to;
	i->cause = *cause;
	i->followed.kind = CAUSE_NONE;
	i->was_master = i->joins = false;
	i->adopting = i->wants = i->held = i->left = i->discarding = i->preempt_over = false;
	i->preempt_at = 0;
	i->lower_notes = i->heal_step = 0;
	i->vip_restored = false;
	i->rival.family = IP_NONE;
	for (unsigned t = 0; t < TIMERS; t++)
		if (t != T_VIP || !i->vip_fault)
			i->timer[t] = USEC_NEVER;
	deadlines_fix(r, i);
}

/* Without `all` it is about virtual MACs. */
usec_t inst_extra(const struct inst *i)
{
	return i->conf->garp_extra_if_all ? i->conf->garp_extra_if : 0;
}

static void announce_timers_set(struct vrrp_router *r, struct inst *i)
{
	const struct conf_instance *c = i->conf;

	if (c->garp_master_delay)
		timer_set(r, i, T_BLOCK, r->now + c->garp_master_delay);
	if (c->garp_master_refresh)
		timer_set(r, i, T_REFRESH, r->now + c->garp_master_delay + c->garp_master_refresh);
	if (inst_extra(i))
		timer_set(r, i, T_EXTRA, r->now + c->garp_master_delay + inst_extra(i));
}

/* What a master before had taught is over. */
static void own_interval_set(struct vrrp_router *r, struct inst *i)
{
	struct vrrp_action *a;

	if (i->master_interval == i->conf->advert_int)
		return;
	a = emit_note(r, i, VRRP_NOTE_OWN_INTERVAL);
	a->value = i->conf->advert_int / USEC_PER_MSEC;
	a->rounds = (uint32_t)(i->master_interval / USEC_PER_MSEC);
	i->master_interval = i->conf->advert_int;
}

/* The advert goes first, so that the old master drops its addresses before ours appear. */
void inst_to_master(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	if (i->owner_lowered) {
		i->owner_lowered = false;
		inst_priority_set(r, i, 255);
	}
	emit_advert(r, i, i->effective);
	change_state(r, i, VRRP_MASTER, cause);
	own_interval_set(r, i);
	timer_set(r, i, T_ADVERT, r->now + i->conf->advert_int);
	emit(r, VRRP_DO_OWN, i);
	emit_announce(r, i, i->conf->garp_master_repeat);
	announce_timers_set(r, i);
}

/* An adopted role goes on, for the reason it had; nobody is notified. The process before may have
 * died before it announced something, so the addresses are announced once. */
void inst_resume(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	struct cause before = i->cause, followed = i->followed;

	if (i->state == VRRP_MASTER)
		emit_advert(r, i, i->effective);
	change_state(r, i, i->state, cause);
	i->adopted = true;
	if (cause->kind == CAUSE_ADOPTED) {
		i->cause = before;
		i->followed = followed;
	}
	if (i->state == VRRP_MASTER) {
		timer_set(r, i, T_ADVERT, r->now + i->conf->advert_int);
		emit(r, VRRP_DO_OWN, i);
		emit_announce(r, i, 1);
		announce_timers_set(r, i);
	} else if (i->state == VRRP_BACKUP) {
		i->backup_since = r->now;
		timer_set(r, i, T_DOWN, r->now + inst_down_interval(i));
	}
}

void inst_to_backup(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	enum vrrp_state from = i->state;

	change_state(r, i, VRRP_BACKUP, cause);
	i->backup_since = r->now;
	if (from == VRRP_MASTER)
		emit(r, VRRP_DO_DISOWN, i);
	if (from == VRRP_FAULT) {
		i->master_interval = i->conf->advert_int;
		if (i->conf->peers.n)
			emit(r, VRRP_DO_ANNOUNCE_SOURCE, i);
	}
	timer_set(r, i, T_DOWN, r->now + inst_down_interval(i));
}

void inst_to_fault(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	enum vrrp_state from = i->state;

	if (from == VRRP_MASTER)
		emit_advert(r, i, 0);
	change_state(r, i, VRRP_FAULT, cause);
	if (from == VRRP_MASTER)
		emit(r, VRRP_DO_DISOWN, i);
}

/* A backup's running timer moves by what the change makes of the master down interval. */
void inst_priority_set(struct vrrp_router *r, struct inst *i, uint8_t priority)
{
	usec_t before = inst_down_interval(i);
	struct vrrp_action *a;

	if (priority == i->effective)
		return;
	a = emit(r, VRRP_DO_PRIORITY, i);
	a->priority_old = i->effective;
	a->priority = priority;
	a->from = a->to = i->state;
	i->effective = priority;
	if (i->state == VRRP_BACKUP && i->timer[T_DOWN] != USEC_NEVER)
		timer_set(r, i, T_DOWN, i->timer[T_DOWN] + inst_down_interval(i) - before);
}

/* ---- timers ---- */

static struct cause down_cause(const struct vrrp_router *r, const struct inst *i)
{
	struct cause c = {.kind = CAUSE_NO_ADVERT,
			  .own_priority = i->effective,
			  .peer_priority = i->master_priority,
			  .address = i->master,
			  .adverts = i->conf->down_timer_adverts,
			  .interval = i->master_interval,
			  .skew = inst_skew(i)};

	c.silence = r->now - usec_max(i->master_heard, i->backup_since);
	if (i->left)
		c.kind = CAUSE_MASTER_LEFT;
	else if (i->discarding && r->now - i->master_heard <= 2 * i->peer_interval)
		c.kind = CAUSE_PREEMPT;
	if (i->conf->priority == 255)
		c.skew = inst_down_interval(i) - c.adverts * c.interval;
	return c;
}

static void down_fire(struct vrrp_router *r, struct inst *i)
{
	struct cause cause = down_cause(r, i);

	timer_set(r, i, T_DOWN, USEC_NEVER);
	unit_expired(r, i, &cause);
}

/* How long a master may be silent before one of `priority` has taken over. */
static usec_t takeover_estimate(const struct inst *i, uint8_t priority)
{
	return vrrp_master_down_interval(i->conf->version, priority, i->conf->advert_int, 3);
}

/* This process was not run for so long that others must think we are gone. */
static bool stalled(struct vrrp_router *r, struct inst *i)
{
	usec_t silent = r->now - (i->timer[T_ADVERT] - i->conf->advert_int);
	uint8_t other = i->conf->timer_expired_backup;
	struct cause cause = {.kind = CAUSE_STALLED};

	if (silent <= inst_down_interval(i))
		return false;
	cause.value = (int32_t)usec_min((r->now - i->timer[T_ADVERT]) / USEC_PER_MSEC, INT32_MAX);
	emit_note(r, i, VRRP_NOTE_STALLED)->value = cause.value;
	if (!other || !i->conf->nopreempt || silent <= takeover_estimate(i, other))
		return false;
	unit_to_backup(r, i, &cause);
	return true;
}

static void advert_fire(struct vrrp_router *r, struct inst *i)
{
	/* no drift when late; an early one (see router.c) must not make the next gap longer */
	usec_t next = usec_min(i->timer[T_ADVERT], r->now) + i->conf->advert_int;

	if (stalled(r, i))
		return;
	emit_advert(r, i, i->effective);
	if (next <= r->now)
		next = r->now + i->conf->advert_int;
	timer_set(r, i, T_ADVERT, next);
}

static void refresh_fire(struct vrrp_router *r, struct inst *i)
{
	usec_t every = i->conf->garp_master_refresh;

	emit_announce(r, i, i->conf->garp_master_refresh_repeat);
	timer_set(r, i, T_REFRESH,
		  every ? usec_max(i->timer[T_REFRESH], r->now - every) + every : USEC_NEVER);
}

static void extra_fire(struct vrrp_router *r, struct inst *i)
{
	usec_t every = inst_extra(i);

	emit(r, VRRP_DO_ANNOUNCE_LINKS, i);
	timer_set(r, i, T_EXTRA,
		  every ? usec_max(i->timer[T_EXTRA], r->now - every) + every : USEC_NEVER);
}

static void vip_fire(struct vrrp_router *r, struct inst *i)
{
	timer_set(r, i, T_VIP, USEC_NEVER);
	if (i->vip_fault) {
		i->vip_fault = false;
		router_queue(r, i);
	} else if (i->vip_restored) {
		i->vip_restored = false;
		emit_announce(r, i, 1);
	}
}

void inst_timer_fire(struct vrrp_router *r, struct inst *i, enum timer t)
{
	switch (t) {
	case T_ADVERT:
		advert_fire(r, i);
		return;
	case T_DOWN:
		down_fire(r, i);
		return;
	case T_BLOCK:
		timer_set(r, i, t, USEC_NEVER);
		emit_announce(r, i, i->conf->garp_master_repeat);
		return;
	case T_REFRESH:
		refresh_fire(r, i);
		return;
	case T_EXTRA:
		extra_fire(r, i);
		return;
	case T_LOWER:
		timer_set(r, i, t, USEC_NEVER);
		emit_announce(r, i, i->conf->garp_lower_prio_repeat);
		return;
	case T_HEAL:
		rival_heal(r, i);
		return;
	case T_RIVAL:
		rival_gone(r, i);
		return;
	case T_OWNER:
		owner_clash_over(r, i);
		return;
	case T_LEAVE:
		leave_finish(r, i);
		return;
	case T_VIP:
		vip_fire(r, i);
		return;
	case T_START:
		timer_set(r, i, t, USEC_NEVER);
		router_queue(r, i);
		return;
	case TIMERS:
		return;
	}
}

/* ---- addresses taken away ---- */

static struct vip_losses *losses_of(struct inst *i, const struct ip_addr *vip)
{
	const struct conf_instance *c = i->conf;

	for (unsigned k = 0; k < c->vips.n; k++)
		if (ip_equal(&c->vips.v[k]->addr, vip))
			return &i->losses[k];
	for (unsigned k = 0; k < c->excluded.n; k++)
		if (ip_equal(&c->excluded.v[k]->addr, vip))
			return &i->losses[c->vips.n + k];
	return NULL;
}

/* Put back at once; who fights about an address longer than a while loses mastership instead.
 * Counted per address, so that a whole interface may be flushed without that. */
void inst_vip_gone(struct vrrp_router *r, struct inst *i, const struct ip_addr *vip)
{
	struct vip_losses *l = losses_of(i, vip);

	if (i->state != VRRP_MASTER || i->leaving || !l)
		return;
	if (!l->n || r->now - l->since > VIP_WINDOW)
		*l = (struct vip_losses){.since = r->now};
	if (++l->n > VIP_LOSSES_MOST) {
		l->n = 0;
		i->vip_fault = true;
		timer_set(r, i, T_VIP, r->now + VIP_WINDOW);
		i->lost_vip = *vip;
		router_queue(r, i);
		return;
	}
	emit(r, VRRP_DO_OWN, i);
	if (i->timer[T_VIP] == USEC_NEVER) {
		emit_announce(r, i, 1);
		timer_set(r, i, T_VIP, r->now + VIP_BURST);
	} else {
		i->vip_restored = true;
	}
	emit_note(r, i, VRRP_NOTE_VIP_RESTORED)->address = *vip;
}
