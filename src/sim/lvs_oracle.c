/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the rules of the manual in the plainest form, computed from scratch each time: who is up,
 * who weighs what, whether the quorum holds. Shares no code with core/lvs.
 */
#include "sim/lvs_sim.h"

/* ---- checkers ---- */

static void take_file(struct lvs_sim *s, const struct conf_check_file *f, int64_t value)
{
	struct oracle_checker *c = &s->oracle.checkers[f->check.id];
	double product = (double)value * f->weight;

	*c = (struct oracle_checker){.seen = true};
	if (f->weight == 0) {
		c->up = f->reverse ? value != 0 : value == 0;
		return;
	}
	if (f->reverse)
		product = -product;
	c->up = product > -2147483648.0;
	if (c->up)
		c->contribution = product > 2147483647.0 ? 2147483647 : (int64_t)product;
}

void oracle_checker_start(struct lvs_sim *s, const struct conf_checker *c)
{
	const struct conf_check_file *f = (const struct conf_check_file *)c;

	s->oracle.checkers[c->id] = (struct oracle_checker){0};
	if (c->kind != CHECK_FILE)
		s->oracle.checkers[c->id].up = !c->timing.alpha;
	else if (s->oracle.file_known[f->file])
		take_file(s, f, s->oracle.file[f->file]);
	else
		s->oracle.checkers[c->id].up = true;
}

/* ---- servers ---- */

static int64_t agents_share(const struct lvs_sim *s, const struct conf_real_server *rs, int64_t w)
{
	int64_t least = -1;

	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct oracle_checker *c = &s->oracle.checkers[rs->checkers.v[i]->id];

		if (c->up && c->has_percent && (least < 0 || c->percent < least))
			least = c->percent;
	}
	if (least < 0)
		return w;
	return w * least / 100 + (w * least % 100 != 0);
}

static uint32_t target(const struct lvs_sim *s, const struct conf_real_server *rs)
{
	const struct oracle_server *o = &s->oracle.servers[rs->id];
	int64_t w = agents_share(s, rs, o->overridden ? o->override : rs->weight);

	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct oracle_checker *c = &s->oracle.checkers[rs->checkers.v[i]->id];

		if (c->up && c->drain)
			return 0;
		if (c->up)
			w += c->contribution;
	}
	return w < 0 ? 0 : w > INT32_MAX ? INT32_MAX : (uint32_t)w;
}

static bool all_up(const struct lvs_sim *s, const struct conf_real_server *rs)
{
	for (unsigned i = 0; i < rs->checkers.n; i++)
		if (!s->oracle.checkers[rs->checkers.v[i]->id].up)
			return false;
	return true;
}

static void settle_weight(struct lvs_sim *s, const struct conf_real_server *rs)
{
	struct oracle_server *o = &s->oracle.servers[rs->id];

	o->target = target(s, rs);
	if (o->target || !rs->drain_timeout) {
		o->zero_since = USEC_NEVER;
		o->left = false;
	} else if (o->zero_since == USEC_NEVER) {
		o->zero_since = s->now;
	}
}

void oracle_server_start(struct lvs_sim *s, const struct conf_real_server *rs)
{
	struct oracle_server *o = &s->oracle.servers[rs->id];

	*o = (struct oracle_server){.came_up = USEC_NEVER, .zero_since = USEC_NEVER};
	for (unsigned i = 0; i < rs->checkers.n; i++)
		oracle_checker_start(s, rs->checkers.v[i]);
	o->up = all_up(s, rs);
	settle_weight(s, rs);
}

static void settle_server(struct lvs_sim *s, const struct conf_real_server *rs)
{
	struct oracle_server *o = &s->oracle.servers[rs->id];
	bool up = all_up(s, rs);

	if (up && !o->up && !s->oracle.services[rs->vs].panic)
		o->came_up = s->now;
	if (!up)
		o->came_up = USEC_NEVER;
	o->up = up;
	settle_weight(s, rs);
}

/* ---- virtual servers ---- */

/* Failed by a verdict, not only waiting for one. */
static bool is_suspect(const struct lvs_sim *s, const struct conf_real_server *rs)
{
	for (unsigned i = 0; i < rs->checkers.n; i++) {
		const struct oracle_checker *c = &s->oracle.checkers[rs->checkers.v[i]->id];

		if (!c->up && (c->seen || c->assumed))
			return true;
	}
	return false;
}

static bool panics(const struct lvs_sim *s, const struct conf_virtual_server *vs)
{
	unsigned suspects = 0, checked = 0;

	for (unsigned i = 0; i < vs->rs.n; i++) {
		checked += vs->rs.v[i]->checkers.n > 0;
		suspects += is_suspect(s, vs->rs.v[i]);
	}
	return vs->panic_threshold && checked && 100.0 * suspects / checked > vs->panic_threshold;
}

static int64_t sum(const struct lvs_sim *s, const struct conf_virtual_server *vs, bool all)
{
	int64_t n = 0;

	for (unsigned i = 0; i < vs->rs.n; i++)
		if (all || s->oracle.servers[vs->rs.v[i]->id].up)
			n += s->oracle.servers[vs->rs.v[i]->id].target;
	return n;
}

int64_t oracle_live(const struct lvs_sim *s, uint32_t vs)
{
	return sum(s, s->conf->virtual_servers.v[vs], false);
}

void oracle_settle(struct lvs_sim *s, uint32_t id)
{
	const struct conf_virtual_server *vs = s->conf->virtual_servers.v[id];
	struct oracle_service *o = &s->oracle.services[id];
	int64_t weight;

	for (unsigned i = 0; i < vs->rs.n; i++)
		settle_server(s, vs->rs.v[i]);
	if (s->held)
		return;
	o->panic = panics(s, vs);
	weight = sum(s, vs, o->panic);
	if (o->quorum && (weight == 0 || weight < (int64_t)vs->quorum - vs->hysteresis))
		o->quorum = false;
	else if (!o->quorum && weight > 0 && weight >= (int64_t)vs->quorum + vs->hysteresis)
		o->quorum = true;
	o->sorry = vs->sorry && !o->quorum;
}

void oracle_start(struct lvs_sim *s)
{
	s->oracle = (struct oracle){0};
	for (unsigned i = 0; i < s->conf->real_servers.n; i++)
		oracle_server_start(s, s->conf->real_servers.v[i]);
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++)
		oracle_settle(s, i);
}

/* ---- what happens ---- */

void oracle_verdict(struct lvs_sim *s, uint32_t checker, const struct lvs_verdict *v)
{
	struct oracle_checker *c = &s->oracle.checkers[checker];

	*c = (struct oracle_checker){.up = v->up, .seen = true};
	if (v->up) {
		c->drain = v->drain;
		c->has_percent = v->has_percent;
		c->percent = v->percent;
		c->contribution = v->contribution;
	}
	oracle_settle(s, s->conf->real_servers.v[s->conf->checkers.v[checker]->rs]->vs);
}

void oracle_file(struct lvs_sim *s, uint32_t file, int64_t value)
{
	s->oracle.file_known[file] = true;
	s->oracle.file[file] = value;
	for (unsigned i = 0; i < s->conf->checkers.n; i++) {
		const struct conf_check_file *f =
			(const struct conf_check_file *)s->conf->checkers.v[i];

		if (f->check.kind != CHECK_FILE || f->file != file)
			continue;
		take_file(s, f, value);
		oracle_settle(s, s->conf->real_servers.v[f->check.rs]->vs);
	}
}
