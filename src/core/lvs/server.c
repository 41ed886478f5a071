/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one real server. It is up while no checker has failed; its effective weight is the
 * configured (or overridden) one, an agent's percentage of that, and the contributions of its
 * checkers, wide and signed, clamped only for the kernel. Slow start and draining decide what of it
 * is in the table now. Must not know: quorum rules, tables.
 */
#include "core/lvs/internal.h"

#define CONTRIBUTION_MAX (INT64_C(1) << 40) /* so that sums never wrap */

static uint32_t weight_clamp(int64_t weight)
{
	return weight < 0 ? 0 : weight > INT32_MAX ? INT32_MAX : (uint32_t)weight;
}

static int64_t contribution_clamp(int64_t v)
{
	return v < -CONTRIBUTION_MAX  ? -CONTRIBUTION_MAX
	       : v > CONTRIBUTION_MAX ? CONTRIBUTION_MAX
				      : v;
}

/* An agent's percentage: rounded up, so that only 0 % takes the last of a weight. */
static int64_t weight_share(int64_t weight, unsigned percent)
{
	return (weight * percent + 99) / 100;
}

static void server_measure(struct lvs *l, uint32_t rs)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];
	int64_t weight = s->overridden ? s->override : conf->weight, more = 0;
	unsigned percent = 100, has_percent = 0;

	s->failed = s->absent = 0;
	s->suspect = s->drain = false;
	for (unsigned i = 0; i < conf->checkers.n; i++) {
		const struct lvs_checker *c = &l->checkers[conf->checkers.v[i]->id];

		if (!c->up) {
			s->failed++;
			s->suspect |= c->seen || c->assumed;
			continue;
		}
		s->absent += c->absent;
		s->drain |= c->drain;
		more += contribution_clamp(c->contribution);
		if (c->has_percent && (!has_percent++ || c->percent < percent))
			percent = c->percent;
	}
	s->effective = weight_share(weight, percent) + more;
	s->target = s->drain ? 0 : weight_clamp(s->effective);
}

void lvs_server_account(struct lvs *l, uint32_t rs, int sign)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	const struct lvs_server *s = &l->servers[rs];
	struct lvs_service *vs = &l->services[conf->vs];

	vs->all += sign * (int64_t)s->target;
	if (s->up) {
		vs->live += sign * (int64_t)s->target;
		vs->up += (unsigned)sign;
		vs->idle += s->target ? 0 : (unsigned)sign;
	}
	if (conf->checkers.n)
		vs->with_checkers += (unsigned)sign;
	if (s->suspect)
		vs->suspects += (unsigned)sign;
	if (s->absent)
		vs->unchecked += (unsigned)sign;
}

/* ---- slow start and draining ---- */

static usec_t ramp_step(usec_t slow_start)
{
	return usec_max(slow_start / LVS_RAMP_STEPS, LVS_RAMP_STEP_MIN);
}

/* In milliseconds, so that the product of weight and time fits. */
static uint32_t ramp_weight(uint32_t target, usec_t elapsed, usec_t slow_start)
{
	uint64_t part = (uint64_t)usec_max(elapsed, 0) / 1000, whole = (uint64_t)slow_start / 1000;
	uint64_t w = whole ? target * part / whole : target;

	return target && !w ? 1 : (uint32_t)(w < target ? w : target);
}

/* Brings the ramp to `now` and sets the server's timer. */
static void server_schedule(struct lvs *l, uint32_t rs, usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];
	usec_t due = USEC_NEVER;

	if (s->ramp_start != USEC_NEVER)
		lvs_service_dirty(l, conf->vs);
	if (s->ramp_start != USEC_NEVER && now - s->ramp_start >= conf->slow_start)
		s->ramp_start = USEC_NEVER;
	if (s->ramp_start != USEC_NEVER) {
		s->ramped = ramp_weight(s->target, now - s->ramp_start, conf->slow_start);
		due = usec_min(now + ramp_step(conf->slow_start), s->ramp_start + conf->slow_start);
	}
	if (s->zero_since != USEC_NEVER && !s->left)
		due = usec_min(due, s->zero_since + conf->drain_timeout);
	lvs_timer_set(l, rs, due);
}

/* A weight of 0 begins to drain, any other ends it. */
static void server_drain(struct lvs *l, uint32_t rs, usec_t now)
{
	struct lvs_server *s = &l->servers[rs];

	if (s->target || !lvs_rs(l, rs)->drain_timeout) {
		s->zero_since = USEC_NEVER;
		s->left = false;
	} else if (s->zero_since == USEC_NEVER) {
		s->zero_since = now;
	}
}

void lvs_server_ramp(struct lvs *l, uint32_t rs, usec_t now)
{
	struct lvs_server *s = &l->servers[rs];

	if (lvs_rs(l, rs)->slow_start)
		s->ramp_start = now;
	server_schedule(l, rs, now);
}

void lvs_server_tick(struct lvs *l, uint32_t rs, usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];

	if (s->zero_since != USEC_NEVER && !s->left && now - s->zero_since >= conf->drain_timeout) {
		s->left = true;
		lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_DRAINED,
							.vs = conf->vs,
							.rs = rs,
							.checker = CONF_NONE,
							.weight = s->effective});
	}
	server_schedule(l, rs, now);
	lvs_service_dirty(l, conf->vs);
}

/* ---- state ---- */

void lvs_server_settle(struct lvs *l, uint32_t rs, usec_t now)
{
	server_measure(l, rs);
	server_drain(l, rs, now);
	server_schedule(l, rs, now);
}

static void server_event(struct lvs *l, uint32_t rs, enum lvs_event_kind kind, const char *reason)
{
	lvs_event_add(l, &(struct lvs_event_in){.kind = kind,
						.vs = lvs_rs(l, rs)->vs,
						.rs = rs,
						.checker = CONF_NONE,
						.weight = l->servers[rs].effective,
						.reason = reason});
}

/* An alpha server was never told to be down: it is at its first failure. */
static bool fails_at_first(const struct lvs_server *s)
{
	return !s->up && !s->told && s->suspect;
}

/* What an update compares with. */
struct server_before {
	bool up, drains;
	uint32_t target;
};

static void server_events(struct lvs *l, uint32_t rs, const struct server_before *was,
			  const char *reason)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];

	if (s->up != was->up || fails_at_first(s)) {
		s->told = true;
		server_event(l, rs, s->up ? LVS_RS_UP : LVS_RS_DOWN, s->up ? NULL : reason);
	} else if (s->up && s->target != was->target && !l->held) {
		server_event(l, rs, LVS_RS_WEIGHT, reason);
	}
	if (s->up && s->zero_since != USEC_NEVER && !was->drains && !l->held)
		lvs_event_draining(l,
				   &(struct lvs_event_in){
					   .vs = conf->vs, .rs = rs, .weight = s->effective},
				   conf->drain_timeout);
}

bool lvs_server_update(struct lvs *l, uint32_t rs, const char *reason, usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];
	const struct server_before was = {
		.up = s->up, .drains = s->zero_since != USEC_NEVER && s->up, .target = s->target};

	lvs_server_account(l, rs, -1);
	server_measure(l, rs);
	s->up = s->failed == 0;
	lvs_server_account(l, rs, +1);
	server_drain(l, rs, now);
	if (s->up != was.up) {
		bool serves = l->services[conf->vs].panic;

		s->since = now;
		s->ramp_start = s->up && conf->slow_start && !serves ? now : USEC_NEVER;
	}
	server_schedule(l, rs, now);
	server_events(l, rs, &was, reason);
	if (s->up != was.up || s->target != was.target)
		lvs_service_dirty(l, conf->vs);
	return s->up != was.up;
}

bool lvs_server_wanted(const struct lvs *l, uint32_t rs, uint32_t *ret_weight)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	const struct lvs_server *s = &l->servers[rs];
	const struct lvs_service *vs = &l->services[conf->vs];

	*ret_weight = 0;
	if (s->left)
		return false;
	if ((s->up || vs->panic) && !vs->sorry) {
		*ret_weight = s->ramp_start == USEC_NEVER ? s->target : s->ramped;
		return true;
	}
	return conf->inhibit_on_failure;
}

uint32_t lvs_server_failed(const struct lvs *l, uint32_t rs)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);

	for (unsigned i = 0; i < conf->checkers.n; i++)
		if (!l->checkers[conf->checkers.v[i]->id].up)
			return conf->checkers.v[i]->id;
	return CONF_NONE;
}

uint32_t lvs_server_absent(const struct lvs *l, uint32_t rs)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);

	for (unsigned i = 0; i < conf->checkers.n; i++)
		if (l->checkers[conf->checkers.v[i]->id].absent)
			return conf->checkers.v[i]->id;
	return CONF_NONE;
}

const char *lvs_server_reason(const struct lvs *l, uint32_t rs)
{
	uint32_t failed = lvs_server_failed(l, rs);
	uint32_t whose = failed != CONF_NONE ? failed : lvs_server_absent(l, rs);

	return whose != CONF_NONE && l->checkers[whose].reason ? l->checkers[whose].reason : "";
}
