/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: what the board shows of servers and services. Must not know: the board. */
#include "core/lvs/internal.h"

static usec_t server_until(const struct lvs *l, uint32_t rs)
{
	const struct lvs_server *s = &l->servers[rs];

	if (s->ramp_start != USEC_NEVER)
		return s->ramp_start + lvs_rs(l, rs)->slow_start;
	if (s->zero_since != USEC_NEVER && !s->left)
		return s->zero_since + lvs_rs(l, rs)->drain_timeout;
	return USEC_NEVER;
}

struct lvs_server_view lvs_view_server(const struct lvs *l, uint32_t rs)
{
	struct lvs_server_view v = {
		.reason = "", .until = USEC_NEVER, .failed_checker = CONF_NONE, .absent_checker = CONF_NONE};
	const struct lvs_server *s;
	const struct lvs_service *vs;

	if (rs >= l->conf->real_servers.n)
		return v;
	s = &l->servers[rs];
	vs = &l->services[lvs_rs(l, rs)->vs];
	v.up = s->up;
	v.in_table = !l->stopped && lvs_server_wanted(l, rs, &v.weight);
	v.draining = s->up && !s->left && (s->drain || s->zero_since != USEC_NEVER);
	v.idle = s->up && !s->target;
	v.told_to_drain = s->drain;
	v.ramping = s->ramp_start != USEC_NEVER;
	v.sorry_displaced = s->up && vs->sorry;
	v.target = v.ramping ? s->target : v.weight;
	v.until = server_until(l, rs);
	v.failed_checker = lvs_server_failed(l, rs);
	v.absent_checker = lvs_server_absent(l, rs);
	v.effective = s->effective;
	v.failed_checkers = s->failed;
	v.absent_checkers = s->absent;
	v.since = s->since;
	v.reason = lvs_server_reason(l, rs);
	return v;
}

struct lvs_service_view lvs_view_service(const struct lvs *l, uint32_t vs)
{
	const struct lvs_service *s;

	if (vs >= l->conf->virtual_servers.n)
		return (struct lvs_service_view){0};
	s = &l->services[vs];
	return (struct lvs_service_view){.quorum_up = s->quorum_up,
					 .sorry = s->sorry,
					 .panic = s->panic,
					 .live_weight = s->live,
					 .quorum = lvs_vs(l, vs)->quorum,
					 .hysteresis = lvs_vs(l, vs)->hysteresis,
					 .up = s->up,
					 .total = lvs_vs(l, vs)->rs.n,
					 .unchecked = s->unchecked,
					 .idle = s->idle,
					 .since = s->since};
}

bool lvs_view_drain(const struct lvs *l, uint32_t vs, unsigned i, struct lvs_drain_view *ret)
{
	const struct lvs_ghost *g;

	if (vs >= l->conf->virtual_servers.n || i >= l->services[vs].ghosts.n)
		return false;
	g = &l->services[vs].ghosts.v[i];
	*ret = (struct lvs_drain_view){.name = g->name, .dest = &g->dest, .until = g->until};
	return true;
}
