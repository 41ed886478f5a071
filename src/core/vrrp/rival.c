/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the truth about two masters. A MASTER that hears another one and does not yield says so
 * once an episode, with both sides and the reason, and announces its addresses again at 0, 1 and 5
 * seconds after the other has fallen silent, because the link may have learned the other's MAC.
 * Also two address owners (both 255): the one with the greater address lowers itself to 254 when
 * the other persists.
 * Must not know: who yields (advert.c decides that).
 */
#include "core/vrrp/internal.h"

static const usec_t heal_after[] = {USEC_PER_SEC, 4 * USEC_PER_SEC}; /* between the three */
#define HEAL_STEPS (sizeof(heal_after) / sizeof(heal_after[0]))

static usec_t silent_enough(const struct inst *i, usec_t interval)
{
	return usec_max(interval, i->conf->advert_int) * 3 / 2;
}

/* Two adverts of ours and 1.2 of the longer interval give it every chance to yield. */
static void owner_clash_begin(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
			      const struct ip_addr *from)
{
	usec_t wait = usec_max(i->conf->advert_int, a->interval) * 6 / 5;

	if (i->timer[T_OWNER] != USEC_NEVER)
		return;
	emit_note(r, i, VRRP_NOTE_OWNER_CLASH)->address = *from;
	timer_set(r, i, T_OWNER, r->now + i->conf->advert_int + wait);
	i->owner_heard = r->now;
}

void owner_clash_over(struct vrrp_router *r, struct inst *i)
{
	usec_t asked = i->timer[T_OWNER];

	timer_set(r, i, T_OWNER, USEC_NEVER);
	if (asked - i->owner_heard > usec_max(i->conf->advert_int, i->peer_interval) * 6 / 5)
		return; /* it has stopped */
	emit_note(r, i, VRRP_NOTE_AUTH_OWNER_254)->address = i->rival;
	i->owner_lowered = true;
	inst_priority_set(r, i, 254);
}

void rival_heard(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from)
{
	bool episode = !ip_is_set(&i->rival);

	i->rival = *from;
	i->rival_priority = a->priority;
	i->rival_last = r->now;
	i->rival_adverts++;
	if (episode) {
		struct vrrp_action *n = emit_note(r, i, VRRP_NOTE_RIVAL);

		i->rival_since = r->now;
		n->rounds = !i->conf->lower_prio_no_advert;
		n->priority = a->priority;
		n->address = *from;
		n->address2 = i->source;
		n->value = i->effective == 255		? CAUSE_OWNER
			   : a->priority < i->effective ? CAUSE_HIGHER_PRIORITY
							: CAUSE_HIGHER_ADDRESS;
	}
	timer_set(r, i, T_RIVAL, r->now + silent_enough(i, a->interval));
	i->peer_interval = a->interval;
	if (a->priority == 255) {
		owner_clash_begin(r, i, a, from);
		i->owner_heard = r->now;
	}
}

void rival_gone(struct vrrp_router *r, struct inst *i)
{
	struct vrrp_action *n = emit_note(r, i, VRRP_NOTE_RIVAL_GONE);

	n->address = i->rival;
	n->priority = i->rival_priority;
	n->value = (i->rival_last - i->rival_since) / USEC_PER_MSEC;
	i->rival.family = IP_NONE;
	timer_set(r, i, T_RIVAL, USEC_NEVER);
	i->heal_step = 0;
	emit_announce(r, i, 1);
	timer_set(r, i, T_HEAL, r->now + heal_after[0]);
}

void rival_heal(struct vrrp_router *r, struct inst *i)
{
	emit_announce(r, i, 1);
	i->heal_step++;
	timer_set(r, i, T_HEAL,
		  i->heal_step < HEAL_STEPS ? r->now + heal_after[i->heal_step] : USEC_NEVER);
}
