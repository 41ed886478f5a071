/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the graceful stop. A MASTER says priority 0 (RFC 9568 6.4.3, Shutdown) and keeps answering
 * for its addresses until the new master has spoken and had a moment to announce itself, or until
 * the longest skew time is over: then nobody is coming.
 * Must not know: who the new master is, whether anybody is left.
 */
#include "core/vrrp/internal.h"

/* From the new master's first advert to the announcement of its last address. */
#define ANNOUNCE_GRACE (30 * USEC_PER_MSEC)

static usec_t leave_bound(const struct inst *i)
{
	return vrrp_skew_time(i->conf->version, 1, i->conf->advert_int);
}

static void stop(struct vrrp_router *r, struct inst *i)
{
	struct cause cause = {.kind = CAUSE_SHUTDOWN};

	if (i->state == VRRP_MASTER) {
		if (i->handed) {
			struct vrrp_action *n = emit_note(r, i, VRRP_NOTE_HANDED_OVER);

			n->address = i->handed_to;
			n->value = (r->now - i->leaving_since) / USEC_PER_MSEC;
		}
		emit(r, VRRP_DO_DISOWN, i);
	}
	change_state(r, i, VRRP_STOP, &cause);
	timers_clear(r, i);
	i->leaving = false;
	r->stopped++;
}

void leave_begin(struct vrrp_router *r, struct inst *i)
{
	if (i->state == VRRP_STOP)
		return;
	if (i->leaving) {
		inst_judge(r, i);
		if (i->reason.kind) /* nobody can reach the addresses here any more */
			stop(r, i);
		return;
	}
	if (i->state != VRRP_MASTER) {
		stop(r, i);
		return;
	}
	timers_clear(r, i);
	i->leaving = true;
	i->leaving_since = r->now;
	i->rival.family = IP_NONE;
	emit_advert(r, i, 0);
	emit_note(r, i, VRRP_NOTE_LEAVING);
	timer_set(r, i, T_LEAVE, r->now + leave_bound(i));
}

/* Somebody else's priority 0 is no offer to take over. */
void leave_heard(struct vrrp_router *r, struct inst *i, const struct vrrp_advert *a,
		 const struct ip_addr *from)
{
	if (!a->priority || i->handed || ip_equal(from, &i->source))
		return;
	i->handed = true;
	i->handed_to = *from;
	timer_set(r, i, T_LEAVE, usec_min(i->timer[T_LEAVE], r->now + ANNOUNCE_GRACE));
}

void leave_finish(struct vrrp_router *r, struct inst *i)
{
	stop(r, i);
}
