/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the oracle's side of reloads and crashes: what is the same, what is lost, who drains. */
#include <string.h>

#include "base/str.h"
#include "sim/lvs_sim.h"

/* ---- the same ---- */

static bool same_service(const struct conf_virtual_server *a, const struct conf_virtual_server *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == SERVICE_GROUP ? a->ordinal == b->ordinal : ip_equal(&a->addr, &b->addr);
}

static unsigned nth(const struct conf *c, const struct conf_virtual_server *vs)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vs->id; i++)
		n += same_service(c->virtual_servers.v[i], vs);
	return n;
}

static const struct conf_virtual_server *find_service(const struct conf *c, const struct conf *in,
						      const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < in->virtual_servers.n; i++)
		if (same_service(in->virtual_servers.v[i], vs) &&
		    nth(in, in->virtual_servers.v[i]) == nth(c, vs))
			return in->virtual_servers.v[i];
	return NULL;
}

static const struct conf_real_server *find_server(const struct conf_virtual_server *vs,
						  const struct ip_addr *addr)
{
	for (unsigned i = 0; i < vs->rs.n; i++)
		if (ip_equal(&vs->rs.v[i]->addr, addr))
			return vs->rs.v[i];
	return NULL;
}

static bool same_checker(const struct conf_checker *a, const struct conf_checker *b)
{
	const struct conf_check_file *f = (const struct conf_check_file *)a,
				     *g = (const struct conf_check_file *)b;
	const struct conf_check_misc *m = (const struct conf_check_misc *)a,
				     *n = (const struct conf_check_misc *)b;

	if (a->kind != b->kind)
		return false;
	if (a->kind == CHECK_FILE)
		return f->file == g->file && f->weight == g->weight && f->reverse == g->reverse;
	if (a->kind == CHECK_MISC)
		return str_eq(m->script->command, n->script->command);
	return ((const struct conf_check_socket *)a)->connect_port ==
	       ((const struct conf_check_socket *)b)->connect_port;
}

/* ---- reload ---- */

/* A script has said a whole weight, told as a difference to the configured one. */
static bool is_whole_weight(const struct conf_checker *c, const struct oracle_checker *o)
{
	return c->kind == CHECK_MISC && ((const struct conf_check_misc *)c)->dynamic &&
	       o->contribution;
}

static void keep_server(struct lvs_sim *s, const struct conf_real_server *rs,
			const struct conf_real_server *was)
{
	struct oracle_server *o = &s->oracle.servers[rs->id];
	const struct oracle *b = &s->before;
	bool seen = false;

	for (unsigned i = 0; i < was->checkers.n; i++)
		seen |= b->checkers[was->checkers.v[i]->id].seen;
	*o = b->servers[was->id];
	o->overridden = o->kept = false;
	o->left |= o->zero_since != USEC_NEVER && s->now - o->zero_since >= was->drain_timeout;
	for (unsigned i = 0; i < rs->checkers.n; i++) {
		struct oracle_checker *c = &s->oracle.checkers[rs->checkers.v[i]->id];
		bool kept = false;

		for (unsigned k = 0; k < was->checkers.n && !kept; k++) {
			kept = same_checker(rs->checkers.v[i], was->checkers.v[k]);
			if (kept)
				*c = b->checkers[was->checkers.v[k]->id];
		}
		if (kept && is_whole_weight(rs->checkers.v[i], c))
			c->contribution += (int64_t)was->weight - rs->weight;
		if (kept)
			continue;
		oracle_checker_start(s, rs->checkers.v[i]);
		if (b->servers[was->id].up && seen && !c->seen)
			c->up = true;
	}
}

static void add_ghost(struct lvs_sim *s, const struct oracle_ghost *g)
{
	const struct conf_virtual_server *vs = s->conf->virtual_servers.v[g->vs];

	if (g->until <= s->now || find_server(vs, &g->addr) ||
	    s->oracle.n_ghosts == ARRAY_SIZE(s->oracle.ghosts))
		return;
	s->oracle.ghosts[s->oracle.n_ghosts++] = *g;
}

/* Drains if it was in the table and could have connections. */
static void drain_server(struct lvs_sim *s, const struct conf_real_server *was, uint32_t vs)
{
	const struct oracle_server *o = &s->before.servers[was->id];
	const struct oracle_service *sv = &s->before.services[was->vs];
	struct oracle_ghost g = {.vs = vs, .addr = was->addr, .port = was->port};

	if (!was->drain_timeout || o->left || !(o->up || sv->panic) ||
	    (sv->sorry && !was->inhibit_on_failure))
		return;
	g.method = was->method ? was->method->method : LVS_NAT;
	g.until = (o->zero_since == USEC_NEVER ? s->now : o->zero_since) + was->drain_timeout;
	add_ghost(s, &g);
}

static void keep_service(struct lvs_sim *s, const struct conf_virtual_server *vs,
			 const struct conf_virtual_server *was)
{
	s->oracle.services[vs->id] = s->before.services[was->id];
	for (unsigned i = 0; i < s->before.n_ghosts; i++) {
		struct oracle_ghost g = s->before.ghosts[i];

		if (g.vs != was->id)
			continue;
		g.vs = vs->id;
		add_ghost(s, &g);
	}
	for (unsigned i = 0; i < was->rs.n; i++) {
		if (find_server(vs, &was->rs.v[i]->addr))
			s->before.servers[was->rs.v[i]->id].kept = true;
		else
			drain_server(s, was->rs.v[i], vs->id);
	}
	for (unsigned i = 0; i < vs->rs.n; i++) {
		const struct conf_real_server *rs = vs->rs.v[i], *old = find_server(was, &rs->addr);

		if (old) {
			keep_server(s, rs, old);
			continue;
		}
		oracle_server_start(s, rs);
		if (s->oracle.servers[rs->id].up)
			s->oracle.servers[rs->id].came_up = s->now;
	}
}

void oracle_reload(struct lvs_sim *s, const struct conf *was)
{
	s->before = s->oracle;
	s->oracle = (struct oracle){0};
	memcpy(s->oracle.file_known, s->before.file_known, sizeof(s->before.file_known));
	memcpy(s->oracle.file, s->before.file, sizeof(s->before.file));
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = s->conf->virtual_servers.v[i],
						 *old = find_service(s->conf, was, vs);

		if (old)
			keep_service(s, vs, old);
		for (unsigned k = 0; !old && k < vs->rs.n; k++)
			oracle_server_start(s, vs->rs.v[k]);
		oracle_settle(s, i);
	}
}

/* ---- crash ---- */

void oracle_crash(struct lvs_sim *s)
{
	struct oracle *o = &s->oracle;

	s->held = true;
	o->n_ghosts = 0;
	memset(o->file_known, 0, sizeof(o->file_known));
	for (unsigned i = 0; i < s->conf->real_servers.n; i++) {
		const struct conf_real_server *rs = s->conf->real_servers.v[i];
		struct oracle_server *server = &o->servers[i];

		server->overridden = server->left = false;
		server->came_up = server->zero_since = USEC_NEVER;
		for (unsigned k = 0; k < rs->checkers.n; k++)
			o->checkers[rs->checkers.v[k]->id] =
				(struct oracle_checker){.up = server->up, .assumed = true};
	}
	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++) {
		o->services[i].panic = o->services[i].told_panic = false;
		oracle_settle(s, i);
	}
}
