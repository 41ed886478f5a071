/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many connections the servers that drain still have, for the board: asked of the engine with
 * the heartbeat, and only while a server drains. Must not know why one drains.
 */
#include <string.h>

#include "proc/lvs/internal.h"

#define CENSUS_MAX 256 /* servers, and destinations, asked for; of the rest nothing is known */
#define CENSUS_PAUSES 20 /* as long as it took: a million connections are not counted each second */

/* A server that drains, and the field of its record. */
struct subject {
	uint32_t vs;
	const struct ip_addr *addr;
	uint16_t port;
	board_seq *seq;
	uint32_t *connections;
};

struct census {
	struct lvs_worker *w;
	struct arena *a;
	VEC(struct subject) subjects;
	VEC(struct dest_census) asked;
	VEC(uint32_t) of; /* the subject of each */
};

static void subjects_gather(struct census *c)
{
	struct lvs_worker *w = c->w;
	struct lvs_drain_view v;
	uint32_t k = 0;

	for (uint32_t vs = 0; vs < w->conf->virtual_servers.n; vs++)
		for (unsigned i = 0; k < w->board.header->shape.drains && lvs_view_drain(w->lvs, vs, i, &v);
		     i++, k++)
			vec_push(c->a, &c->subjects,
				 ((struct subject){vs, &v.dest->addr, v.dest->port,
						   &w->board.drains[k].seq,
						   &w->board.drains[k].connections}));
	for (uint32_t i = 0; i < w->conf->real_servers.n && c->subjects.n < CENSUS_MAX; i++) {
		const struct conf_real_server *rs = w->conf->real_servers.v[i];

		if (w->board.servers[i].draining)
			vec_push(c->a, &c->subjects,
				 ((struct subject){rs->vs, &rs->addr, rs->port,
						   &w->board.servers[i].seq,
						   &w->board.servers[i].connections}));
	}
}

/* A server is a destination of each kernel service of its virtual server. */
static void asked_gather(struct census *c, uint32_t subject)
{
	const struct subject *s = &c->subjects.v[subject];
	const struct service_table *t = &c->w->applied;

	for (unsigned i = 0; i < t->services.n && c->asked.n < CENSUS_MAX; i++) {
		const struct service *service = &t->services.v[i];

		for (unsigned k = 0; service->vs == s->vs && k < service->dests.n; k++) {
			const struct dest *d = &service->dests.v[k];

			if (!ip_equal(&d->addr, s->addr) || (d->method == LVS_NAT && d->port != s->port))
				continue;
			vec_push(c->a, &c->asked,
				 ((struct dest_census){service, d, DEST_CENSUS_UNKNOWN}));
			vec_push(c->a, &c->of, subject);
		}
	}
}

static void results_write(const struct census *c)
{
	for (uint32_t i = 0; i < c->subjects.n; i++) {
		const struct subject *s = &c->subjects.v[i];
		uint32_t sum = BOARD_UNKNOWN;

		for (unsigned k = 0; k < c->asked.n; k++)
			if (c->of.v[k] == i && c->asked.v[k].connections != DEST_CENSUS_UNKNOWN)
				sum = (sum == BOARD_UNKNOWN ? 0 : sum) + c->asked.v[k].connections;
		board_write_begin(s->seq);
		*s->connections = sum;
		board_write_end(s->seq);
	}
}

void census_take(struct lvs_worker *w)
{
	struct census c = {.w = w, .a = w->scratch};
	usec_t began = clock_monotonic();

	if (!w->drains || !w->engine || !w->ops->census || began < w->census_at)
		return;
	subjects_gather(&c);
	for (uint32_t i = 0; i < c.subjects.n; i++)
		asked_gather(&c, i);
	if (c.asked.n > 0)
		w->ops->census(w->engine, c.asked.v, c.asked.n);
	results_write(&c);
	arena_reset(w->scratch);
	w->census_at = began + CENSUS_PAUSES * (clock_monotonic() - began);
}
