/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: when something is due: steps of slow start, ends of draining. Few servers have a timer at a
 * time; they are in a list, and the next deadline is known. Must not know: what is done then.
 */
#include "core/lvs/internal.h"

static usec_t grid_up(usec_t t)
{
	return (t + LVS_TIMER_GRID - 1) / LVS_TIMER_GRID * LVS_TIMER_GRID;
}

void lvs_timer_set(struct lvs *l, uint32_t rs, usec_t due)
{
	struct lvs_server *s = &l->servers[rs];

	s->due = due == USEC_NEVER ? due : grid_up(due);
	if (s->due == USEC_NEVER)
		return; /* leaves the list at the next tick */
	l->deadline = usec_min(l->deadline, s->due);
	if (!s->timed) {
		s->timed = true;
		l->timed[l->n_timed++] = rs;
	}
}

void lvs_timer_ghost(struct lvs *l, usec_t until)
{
	l->deadline = usec_min(l->deadline, grid_up(until));
}

static void tick_servers(struct lvs *l, usec_t now)
{
	unsigned n = l->n_timed, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct lvs_server *s = &l->servers[l->timed[i]];

		if (s->due <= now)
			lvs_server_tick(l, l->timed[i], now);
		if (s->due == USEC_NEVER) {
			s->timed = false;
			continue;
		}
		l->deadline = usec_min(l->deadline, s->due);
		l->timed[kept++] = l->timed[i];
	}
	l->n_timed = kept;
}

static void ghost_gone(struct lvs *l, uint32_t vs, struct lvs_ghost *g)
{
	g->until = USEC_NEVER;
	lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_DRAINED,
						.vs = vs,
						.rs = CONF_NONE,
						.checker = CONF_NONE,
						.rs_name = g->name});
	lvs_service_dirty(l, vs);
}

static void tick_ghosts(struct lvs *l, uint32_t vs, usec_t now)
{
	struct lvs_service *s = &l->services[vs];
	unsigned kept = 0;

	for (unsigned i = 0; i < s->ghosts.n; i++) {
		struct lvs_ghost *g = &s->ghosts.v[i];

		if (g->until <= now) {
			ghost_gone(l, vs, g);
			continue;
		}
		lvs_timer_ghost(l, g->until);
		s->ghosts.v[kept++] = *g;
	}
	s->ghosts.n = kept;
}

void lvs_tick(struct lvs *l, usec_t now)
{
	unsigned kept = 0;

	if (l->stopped || now < l->deadline)
		return;
	l->deadline = USEC_NEVER;
	tick_servers(l, now);
	for (unsigned i = 0; i < l->haunted.n; i++) {
		tick_ghosts(l, l->haunted.v[i], now);
		if (l->services[l->haunted.v[i]].ghosts.n)
			l->haunted.v[kept++] = l->haunted.v[i];
	}
	l->haunted.n = kept;
}

usec_t lvs_deadline(const struct lvs *l)
{
	return l->stopped ? USEC_NEVER : l->deadline;
}
