/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the one place where the router is stepped and its actions are carried out, in their order.
 * Must not know: how packets look, why something is decided.
 */
#include "proc/vrrp/driver.h"

#include "io/log.h"

static void perform_one(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a)
{
	struct vi *vi = a->is_group ? NULL : &g->vis[a->id];

	switch (a->kind) {
	case VRRP_DO_SEND_ADVERT:
		adverts_send(w, g, vi, a->priority);
		break;
	case VRRP_DO_OWN:
		adverts_flush(w); /* so that the old master lets go before we hold on */
		addresses_own(w, g, vi);
		break;
	case VRRP_DO_DISOWN:
		adverts_flush(w);
		addresses_disown(w, g, vi);
		break;
	case VRRP_DO_ANNOUNCE:
		addresses_announce(w, vi, a->rounds, a->value == 1);
		break;
	case VRRP_DO_ANNOUNCE_LINKS:
		announce_links(w, g, vi);
		break;
	case VRRP_DO_ANNOUNCE_SOURCE:
		announce_source(w, vi);
		break;
	case VRRP_DO_TRANSITION:
		adverts_flush(w); /* the advert does not wait for its log line */
		report_transition(w, g, a);
		break;
	case VRRP_DO_PRIORITY:
		report_priority(w, g, a);
		break;
	case VRRP_DO_NOTE:
		report_note(w, g, a);
		break;
	case VRRP_DO_RX_LOWER:
		report_rx_lower(w, g, a);
		break;
	}
}

void driver_perform(struct vrrp_worker *w, struct generation *g, struct vrrp_out *out)
{
	for (unsigned i = 0; i < out->n; i++)
		perform_one(w, g, &out->v[i]);
	out->n = 0;
}

/* Steps until the event is finished: what it sets off may not fit one list of actions. Only a tick
 * looks at the timers, so that one advert of a backlog never lets a stale timer act while the next
 * advert waits in its socket. */
void driver_event(struct vrrp_worker *w, const struct vrrp_event *ev)
{
	static const struct vrrp_event more = {.kind = VRRP_EV_CONTINUE};
	struct generation *g = w->g;
	usec_t now = clock_monotonic();

	log_hold();
	vrrp_router_step(g->router, now, ev, &g->out);
	driver_perform(w, g, &g->out);
	while (vrrp_router_busy(g->router) ||
	       (ev->kind == VRRP_EV_TICK && vrrp_router_deadline(g->router) <= now)) {
		vrrp_router_step(g->router, now, ev->kind == VRRP_EV_TICK ? ev : &more, &g->out);
		driver_perform(w, g, &g->out);
	}
	adverts_flush(w);
	log_release();
	report_flush(g);
	driver_arm(w);
}

void driver_arm(struct vrrp_worker *w)
{
	usec_t at = w->g ? usec_min(vrrp_router_deadline(w->g->router), links_deadline(w)) : USEC_NEVER;

	loop_timer_set(w->timer, at);
	if (w->g && !w->idle_armed && addresses_ready(w)) {
		w->idle_armed = true;
		loop_idle(w->loop, addresses_work, w);
	}
}
