/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one virtual server. Panic first (too many servers failed together: the checks are more
 * likely wrong than all the servers, so all are served), then the quorum over the weight that
 * counts with or without panic, then the sorry server. Must not know: checkers, tables.
 */
#include "core/lvs/internal.h"

static void service_event(struct lvs *l, uint32_t vs, enum lvs_event_kind kind, bool initial)
{
	lvs_event_add(l, &(struct lvs_event_in){.kind = kind,
						.vs = vs,
						.rs = CONF_NONE,
						.checker = CONF_NONE,
						.weight = l->services[vs].live,
						.initial = initial});
}

void lvs_service_dirty(struct lvs *l, uint32_t vs)
{
	struct lvs_service *s = &l->services[vs];

	if (l->all_dirty || s->dirty)
		return;
	s->dirty = true;
	l->dirty[l->n_dirty++] = vs;
}

static void evaluate_panic(struct lvs *l, uint32_t vs, bool initial)
{
	struct lvs_service *s = &l->services[vs];
	uint64_t threshold = lvs_vs(l, vs)->panic_threshold;
	bool panic = threshold && (uint64_t)s->suspects * 100 > threshold * s->with_checkers;

	if (panic == s->panic)
		return;
	s->panic = panic;
	lvs_service_dirty(l, vs);
	service_event(l, vs, panic ? LVS_PANIC_ON : LVS_PANIC_OFF, initial);
}

/* Wide and signed: neither a quorum of 0 nor a hysteresis above it wraps. Nothing is not a quorum,
 * even where none is asked for. */
static bool quorum_next(bool up, int64_t weight, int64_t quorum, int64_t hysteresis)
{
	if (weight == 0)
		return false;
	return up ? weight >= quorum - hysteresis : weight >= quorum + hysteresis;
}

static void evaluate_sorry(struct lvs *l, uint32_t vs, bool initial)
{
	struct lvs_service *s = &l->services[vs];
	bool sorry = !s->quorum_up && lvs_vs(l, vs)->sorry;

	if (sorry == s->sorry)
		return;
	s->sorry = sorry;
	lvs_service_dirty(l, vs);
	service_event(l, vs, sorry ? LVS_SORRY_ON : LVS_SORRY_OFF, initial);
}

void lvs_service_evaluate(struct lvs *l, uint32_t vs, bool initial, usec_t now)
{
	const struct conf_virtual_server *conf = lvs_vs(l, vs);
	struct lvs_service *s = &l->services[vs];
	bool up;

	l->now = now;
	if (l->held)
		return;
	evaluate_panic(l, vs, initial);
	up = quorum_next(s->quorum_up, s->panic ? s->all : s->live, conf->quorum, conf->hysteresis);
	if (up != s->quorum_up) {
		s->quorum_up = up;
		s->since = now;
		service_event(l, vs, up ? LVS_QUORUM_UP : LVS_QUORUM_DOWN, initial);
	} else if (initial && !up && conf->sorry && !s->sorry) {
		service_event(l, vs, LVS_QUORUM_DOWN, true);
	}
	evaluate_sorry(l, vs, initial);
}

void lvs_release(struct lvs *l)
{
	if (!l->held)
		return;
	l->held = false;
	for (uint32_t vs = 0; vs < l->conf->virtual_servers.n; vs++)
		lvs_service_evaluate(l, vs, !l->services[vs].known, l->now);
}

/* ---- leaving ---- */

/* A server that is down has been told so; the quorum-lost one comes in any case. */
static void service_leave(struct lvs *l, uint32_t vs)
{
	const struct conf_virtual_server *conf = lvs_vs(l, vs);

	for (unsigned i = 0; i < conf->rs.n && !l->conf->global.lvs_flush_on_stop; i++) {
		uint32_t rs = conf->rs.v[i]->id;

		if (l->servers[rs].up)
			lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_RS_DOWN,
								.vs = vs,
								.rs = rs,
								.checker = CONF_NONE,
								.weight = l->servers[rs].effective,
								.stopping = true});
	}
	lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_QUORUM_DOWN,
						.vs = vs,
						.rs = CONF_NONE,
						.checker = CONF_NONE,
						.weight = 0,
						.stopping = true});
}

void lvs_stop(struct lvs *l, usec_t now)
{
	if (l->stopped)
		return;
	for (uint32_t vs = 0; vs < l->conf->virtual_servers.n; vs++)
		if (lvs_vs(l, vs)->omega)
			service_leave(l, vs);
	l->stopped = true;
	l->all_dirty = true;
}
