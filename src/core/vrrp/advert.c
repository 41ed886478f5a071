/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what a valid advert means to a BACKUP and to a MASTER (RFC 9568 6.4.2, 6.4.3).
 * Must not know: packets; they were checked by rx.c.
 *
 * A BACKUP compares priorities only; a MASTER breaks ties by address.
 */
#include "core/vrrp/internal.h"

#define LOWER_NOTES_MOST 3
#define ANSWER_GAP_MOST (100 * USEC_PER_MSEC)

static void interval_learn(struct vrrp_router *r, struct inst *i, usec_t interval)
{
	struct vrrp_action *a;

	if (i->conf->version != 3 || interval == i->master_interval)
		return;
	a = emit_note(r, i, VRRP_NOTE_INTERVAL);
	a->value = interval / USEC_PER_MSEC;
	a->rounds = (uint32_t)(i->master_interval / USEC_PER_MSEC);
	i->master_interval = interval;
}

static void master_remember(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			    const struct ip_addr *from)
{
	i->master = *from;
	i->master_priority = a->priority;
	i->master_heard = r->now;
	i->peer_interval = a->interval;
}

static void preempt_clear(struct vrrp_router *r, struct inst *i)
{
	if (i->preempt_at && !i->preempt_over)
		emit_note(r, i, VRRP_NOTE_PREEMPT_DELAY);
	i->preempt_at = 0;
	i->preempt_over = false;
}

/* Whether a master of lower priority is to be tolerated for now. */
static bool preempt_delayed(struct vrrp_router *r, struct inst *i)
{
	if (!i->conf->preempt_delay)
		return false;
	if (!i->preempt_at) {
		i->preempt_at = r->now + i->conf->preempt_delay;
		emit_note(r, i, VRRP_NOTE_PREEMPT_DELAY)->value =
			i->conf->preempt_delay / USEC_PER_MSEC;
	}
	if (r->now < i->preempt_at)
		return true;
	if (!i->preempt_over)
		emit_note(r, i, VRRP_NOTE_PREEMPT_DELAY);
	i->preempt_over = true;
	return false;
}

static void backup_accept(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			  const struct ip_addr *from)
{
	if (!ip_equal(&i->master, from)) {
		struct vrrp_action *n = emit_note(r, i, VRRP_NOTE_MASTER_CHANGED);

		n->address = *from;
		n->address2 = i->master;
		n->priority = a->priority;
	}
	interval_learn(r, i, a->interval);
	master_remember(r, i, a, from);
	i->wants = i->held = i->left = i->discarding = false;
	i->lower_notes = 0;
	timer_set(r, i, T_DOWN, r->now + inst_down_interval(i));
	/* Somebody else holds what a new member of our group needs: the group can't be master. */
	if (i->joins && unit_has_master(r, i))
		unit_to_backup(r, i, NULL);
}

static void backup_discard(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			   const struct ip_addr *from)
{
	if (i->lower_notes < LOWER_NOTES_MOST) {
		struct vrrp_action *n = emit_note(r, i, VRRP_NOTE_LOWER_DISCARDED);

		n->priority = a->priority;
		n->address = *from;
		i->lower_notes++;
	}
	i->discarding = true;
	master_remember(r, i, a, from);
}

static void backup_priority_zero(struct vrrp_router *r, struct inst *i, const struct ip_addr *from)
{
	emit_note(r, i, VRRP_NOTE_PRIORITY_ZERO)->address = *from;
	i->left = true;
	i->master = *from;
	i->master_priority = 0;
	i->master_heard = r->now;
	timer_set(r, i, T_DOWN, r->now + inst_skew(i));
}

static void owner_restore(struct vrrp_router *r, struct inst *i, uint8_t heard)
{
	if (!i->owner_lowered || heard == 255)
		return;
	i->owner_lowered = false;
	inst_priority_set(r, i, 255);
}

static void backup_advert(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			  const struct ip_addr *from)
{
	if (!a->priority) {
		backup_priority_zero(r, i, from);
		return;
	}
	owner_restore(r, i, a->priority);
	if (a->priority >= i->effective) {
		preempt_clear(r, i);
		backup_accept(r, i, a, from);
	} else if (i->conf->nopreempt || preempt_delayed(r, i)) {
		backup_accept(r, i, a, from);
	} else {
		backup_discard(r, i, a, from);
	}
}

/* Another master is better: it gets the addresses. No priority 0, it needs no invitation. */
static void master_yield(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			 const struct ip_addr *from)
{
	struct cause cause = {.kind = CAUSE_HIGHER_PRIORITY,
			      .address = *from,
			      .own_priority = i->effective,
			      .peer_priority = a->priority};

	if (a->priority == i->effective)
		cause.kind = a->priority == 255 ? CAUSE_DUPLICATE_OWNER : CAUSE_HIGHER_ADDRESS;
	if (i->conf->higher_prio_send_advert)
		emit_advert(r, i, i->effective);
	interval_learn(r, i, a->interval);
	master_remember(r, i, a, from);
	unit_to_backup(r, i, &cause);
}

static void answer(struct vrrp_router *r, struct inst *i)
{
	emit_advert(r, i, i->effective);
	timer_set(r, i, T_ADVERT, r->now + i->conf->advert_int);
}

static void master_priority_zero(struct vrrp_router *r, struct inst *i, const struct ip_addr *from)
{
	emit_note(r, i, VRRP_NOTE_PRIORITY_ZERO)->address = *from;
	answer(r, i);
	if (ip_equal(&i->rival, from))
		rival_gone(r, i);
}

static void lower_announce(struct vrrp_router *r, struct inst *i)
{
	struct unit u = unit_of(r, i);

	for (unsigned m = 0; m < u.n; m++) {
		struct inst *k = &r->inst[u.members[m]];

		if (k->state != VRRP_MASTER || !k->conf->garp_lower_prio_repeat)
			continue;
		emit_announce(r, k, k->conf->garp_lower_prio_repeat);
		if (k->conf->garp_lower_prio_delay)
			timer_set(r, k, T_LOWER, r->now + k->conf->garp_lower_prio_delay);
	}
}

static void master_lower(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			 const struct ip_addr *from)
{
	struct vrrp_action *lower;

	rival_heard(r, i, a, from);
	/* One rival speaks once an interval; a storm of adverts must not become a storm of answers. */
	if (r->now < i->answer_after)
		return;
	i->answer_after = r->now + usec_min(i->conf->advert_int / 4, ANSWER_GAP_MOST);
	if (!i->conf->lower_prio_no_advert)
		answer(r, i);
	lower_announce(r, i);
	lower = emit(r, VRRP_DO_RX_LOWER, i);
	lower->priority = a->priority;
	lower->address = *from;
}

static void master_advert(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			  const struct ip_addr *from)
{
	int address = ip_compare(from, &i->source);

	if (!a->priority)
		master_priority_zero(r, i, from);
	else if (a->priority > i->effective || (a->priority == i->effective && address > 0))
		master_yield(r, i, a, from);
	else if (a->priority == i->effective && address == 0)
		emit_note(r, i, VRRP_NOTE_OWN_ADDRESS)->address = *from;
	else
		master_lower(r, i, a, from);
}

void inst_advert(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from)
{
	if (i->state != VRRP_BACKUP && i->state != VRRP_MASTER)
		return;
	i->advert_rcvd++;
	i->pri_zero_rcvd += !a->priority;
	if (i->leaving)
		leave_heard(r, i, a, from);
	else if (i->state == VRRP_BACKUP)
		backup_advert(r, i, a, from);
	else
		master_advert(r, i, a, from);
}
