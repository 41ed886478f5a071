/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what a new configuration keeps of the old one. A virtual server is the same by its key, a
 * real server by address and port inside it, a checker by its identity on it. What has gone is
 * told; servers that were in the table stay as ghosts of weight 0 where their configuration asked
 * for it. Must not know: how state changes otherwise (what is kept goes through
 * lvs_server_update()).
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/check/key.h"
#include "core/lvs/internal.h"

/* ---- which virtual servers are the same ---- */

static int number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int identity_order(const struct conf_virtual_server *a, const struct conf_virtual_server *b)
{
	int d;

	if ((d = number_order(a->kind, b->kind)) || (d = number_order(a->protocol, b->protocol)))
		return d;
	switch ((enum conf_service_kind)a->kind) {
	case SERVICE_MARK:
		d = number_order(a->family, b->family);
		return d ? d : number_order(a->fwmark, b->fwmark);
	case SERVICE_GROUP:
		d = strcmp(a->group_name ? a->group_name : "", b->group_name ? b->group_name : "");
		return d ? d : number_order(a->ordinal, b->ordinal);
	case SERVICE_ADDRESS:
	default:
		d = ip_compare(&a->addr, &b->addr);
		return d ? d : number_order(a->port, b->port);
	}
}

static int pointer_order(const void *pa, const void *pb)
{
	const struct conf_virtual_server *a = *(struct conf_virtual_server *const *)pa,
					 *b = *(struct conf_virtual_server *const *)pb;
	int d = identity_order(a, b);

	return d ? d : number_order(a->id, b->id);
}

static struct conf_virtual_server **services_by_identity(const struct conf *conf, struct arena *a)
{
	unsigned n = conf->virtual_servers.n;
	struct conf_virtual_server **v = arena_alloc(a, n * sizeof(struct conf_virtual_server *));

	for (unsigned i = 0; i < n; i++)
		v[i] = conf->virtual_servers.v[i];
	if (n)
		qsort(v, n, sizeof(struct conf_virtual_server *), pointer_order);
	return v;
}

/* For each new virtual server the id of the old one, or CONF_NONE; for each old one whether it is
 * kept. Equal ones are paired in their order. */
struct pairs {
	uint32_t *old_of;
	bool *kept;
};

static struct pairs services_pair(const struct conf *conf, const struct conf *old, struct arena *a)
{
	struct conf_virtual_server **v = services_by_identity(conf, a);
	struct conf_virtual_server **w = services_by_identity(old, a);
	struct pairs p = {
		.old_of = arena_alloc(a, conf->virtual_servers.n * sizeof(*p.old_of)),
		.kept = arena_alloc(a, old->virtual_servers.n * sizeof(*p.kept)),
	};
	unsigned k = 0;

	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		int d = 1;

		while (k < old->virtual_servers.n && (d = identity_order(w[k], v[i])) < 0)
			k++;
		p.old_of[v[i]->id] = CONF_NONE;
		if (k == old->virtual_servers.n || d)
			continue;
		p.old_of[v[i]->id] = w[k]->id;
		p.kept[w[k++]->id] = true;
	}
	return p;
}

/* ---- what has gone ---- */

static void server_gone(struct lvs *l, const struct lvs *old, uint32_t rs, uint32_t vs)
{
	const struct conf_real_server *conf = lvs_rs(old, rs);

	if (!old->servers[rs].up)
		return;
	lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_RS_DOWN,
						.vs = vs,
						.rs = CONF_NONE,
						.checker = CONF_NONE,
						.weight = old->servers[rs].effective,
						.stopping = true,
						.reason = "removed",
						.old_vs = lvs_vs(old, conf->vs),
						.old_rs = conf});
}

static void service_gone(struct lvs *l, const struct lvs *old, uint32_t vs)
{
	const struct conf_virtual_server *conf = lvs_vs(old, vs);

	for (unsigned i = 0; i < conf->rs.n; i++)
		server_gone(l, old, conf->rs.v[i]->id, CONF_NONE);
	lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_QUORUM_DOWN,
						.vs = CONF_NONE,
						.rs = CONF_NONE,
						.checker = CONF_NONE,
						.stopping = true,
						.reason = "removed",
						.old_vs = conf});
}

static const struct lvs_ghost *ghost_add(struct lvs *l, uint32_t vs, const struct lvs_ghost *g,
					 usec_t now)
{
	struct lvs_service *s = &l->services[vs];
	struct lvs_ghost *copy;

	if (g->until <= now)
		return NULL;
	if (!s->ghosts.n)
		vec_push(l->arena, &l->haunted, vs);
	copy = vec_add(l->arena, &s->ghosts);
	*copy = *g;
	copy->name = arena_strdup(l->arena, g->name);
	lvs_timer_ghost(l, g->until);
	return copy;
}

/* Only a server that could still have connections drains. */
static void server_haunts(struct lvs *l, const struct lvs *old, uint32_t rs, uint32_t vs,
			  usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(old, rs);
	const struct lvs_server *s = &old->servers[rs];
	const struct lvs_ghost *added;
	struct lvs_ghost g = {.dest = {.addr = conf->addr, .port = conf->port}};
	char name[LVS_NAME_MAX];
	uint32_t weight;

	if (!conf->drain_timeout || !lvs_server_wanted(old, rs, &weight) ||
	    !(s->up || old->services[conf->vs].panic))
		return;
	lvs_dest_method(&g.dest, conf->method);
	g.dest.uthreshold = conf->uthreshold;
	g.dest.lthreshold = conf->lthreshold;
	g.until = (s->zero_since == USEC_NEVER ? now : s->zero_since) + conf->drain_timeout;
	g.name = lvs_server_name(conf, lvs_vs(old, conf->vs), name);
	added = ghost_add(l, vs, &g, now);
	if (added && s->zero_since == USEC_NEVER)
		lvs_event_draining(
			l, &(struct lvs_event_in){.vs = vs, .rs = CONF_NONE, .rs_name = added->name},
			conf->drain_timeout);
}

/* ---- what is kept ---- */

static void state_copy(struct lvs *l, uint32_t checker, const struct lvs_checker *was)
{
	l->checkers[checker] = *was;
	l->checkers[checker].reason = NULL;
	lvs_checker_reason(l, checker, was->reason ? was->reason : "");
}

/* A script's exit status stands for a whole weight: what it contributes makes up the difference to
 * the configured one, which may be another now. */
static void misc_adjust(struct lvs *l, const struct conf_checker *c,
			const struct conf_real_server *was)
{
	struct lvs_checker *k = &l->checkers[c->id];

	if (c->kind == CHECK_MISC && ((const struct conf_check_misc *)c)->dynamic && k->contribution)
		k->contribution += (int64_t)was->weight - (int64_t)lvs_rs(l, c->rs)->weight;
}

static bool checker_carry(struct lvs *l, const struct lvs *old, const struct conf_checker *c,
			  const struct conf_real_server *was, bool *used)
{
	struct check_key key = check_key_of(l->conf, c);

	for (unsigned i = 0; i < was->checkers.n; i++) {
		struct check_key other;

		if (used[i] || was->checkers.v[i]->kind != c->kind)
			continue;
		other = check_key_of(old->conf, was->checkers.v[i]);
		if (!check_key_same(key.identity, other.identity))
			continue;
		used[i] = true;
		state_copy(l, c->id, &old->checkers[was->checkers.v[i]->id]);
		misc_adjust(l, c, was);
		return true;
	}
	return false;
}

/* A checker that is new on a healthy server has nothing to prove first. */
static void checkers_carry(struct lvs *l, const struct lvs *old, const struct conf_real_server *rs,
			   const struct conf_real_server *was, bool *used)
{
	bool healthy = old->servers[was->id].failed == 0, seen = false;

	memset(used, 0, was->checkers.n * sizeof(*used));
	for (unsigned i = 0; i < was->checkers.n; i++)
		seen |= old->checkers[was->checkers.v[i]->id].seen;
	for (unsigned i = 0; i < rs->checkers.n; i++) {
		uint32_t id = rs->checkers.v[i]->id;

		if (checker_carry(l, old, rs->checkers.v[i], was, used))
			continue;
		lvs_checker_start(l, id);
		if (healthy && seen && !l->checkers[id].seen)
			l->checkers[id].up = true;
	}
}

static void server_carry(struct lvs *l, uint32_t rs, const struct lvs_server *was, usec_t now)
{
	struct lvs_server *s = &l->servers[rs];

	*s = *was;
	s->overridden = s->timed = false;
	s->due = USEC_NEVER;
	lvs_server_account(l, rs, +1);
	lvs_server_update(l, rs, "configuration", now);
}

/* ---- one virtual server ---- */

struct carry {
	struct lvs *l;
	const struct lvs *old;
	bool *used; /* scratch: checkers of one server */
	usec_t now;
};

static int server_order(const struct conf_real_server *a, const struct conf_real_server *b)
{
	int d = ip_compare(&a->addr, &b->addr);

	return d ? d : number_order(a->port, b->port);
}

/* Walks both sorted lists; old_of[rs] becomes the old id or CONF_NONE. What has gone is told. */
static void servers_pair(const struct carry *c, uint32_t vs, uint32_t old_vs, uint32_t *old_of)
{
	const uint32_t *a = c->l->services[vs].sorted, *b = c->old->services[old_vs].sorted;
	unsigned n = lvs_vs(c->l, vs)->rs.n, m = lvs_vs(c->old, old_vs)->rs.n, i = 0, k = 0;

	while (i < n || k < m) {
		int d = i == n	 ? 1
			: k == m ? -1
				 : server_order(lvs_rs(c->l, a[i]), lvs_rs(c->old, b[k]));

		if (d > 0) {
			server_gone(c->l, c->old, b[k], vs);
			server_haunts(c->l, c->old, b[k++], vs, c->now);
			continue;
		}
		old_of[a[i++]] = d == 0 ? b[k++] : CONF_NONE;
	}
}

/* Whether the new configuration has a server of this address and port. */
static bool has_server(const struct lvs *l, uint32_t vs, const struct dest *d)
{
	struct conf_real_server key = {.addr = d->addr, .port = d->port};
	unsigned lo = 0, hi = lvs_vs(l, vs)->rs.n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		int c = server_order(lvs_rs(l, l->services[vs].sorted[mid]), &key);

		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static void service_carry(const struct carry *c, uint32_t vs, uint32_t old_vs, uint32_t *old_of)
{
	const struct conf_virtual_server *conf = lvs_vs(c->l, vs);
	const struct lvs_service *was = &c->old->services[old_vs];
	struct lvs_service *s = &c->l->services[vs];

	s->known = was->known || !c->old->held; /* else it has not been judged yet */
	s->quorum_up = was->quorum_up;
	s->panic = was->panic;
	s->sorry = was->sorry;
	s->since = was->since;
	for (unsigned i = 0; i < was->ghosts.n; i++)
		if (!has_server(c->l, vs, &was->ghosts.v[i].dest))
			(void)ghost_add(c->l, vs, &was->ghosts.v[i], c->now);
	servers_pair(c, vs, old_vs, old_of);
	for (unsigned i = 0; i < conf->rs.n; i++) {
		const struct conf_real_server *rs = conf->rs.v[i];
		uint32_t before = old_of[rs->id];

		if (before == CONF_NONE) {
			lvs_server_start(c->l, rs->id, c->now);
			if (c->l->servers[rs->id].up)
				lvs_server_ramp(c->l, rs->id, c->now);
			continue;
		}
		checkers_carry(c->l, c->old, rs, lvs_rs(c->old, before), c->used);
		server_carry(c->l, rs->id, &c->old->servers[before], c->now);
	}
	lvs_service_evaluate(c->l, vs, false, c->now);
}

static void service_new(const struct carry *c, uint32_t vs)
{
	const struct conf_virtual_server *conf = lvs_vs(c->l, vs);

	c->l->services[vs].since = c->now;
	for (unsigned i = 0; i < conf->rs.n; i++)
		lvs_server_start(c->l, conf->rs.v[i]->id, c->now);
	lvs_service_evaluate(c->l, vs, true, c->now);
}

/* ---- all ---- */

static bool same_file(const struct conf_track_file *a, const struct conf_track_file *b)
{
	return str_eq0(a->file, b->file);
}

/* Values of files outlive the checkers that used them; most keep their place. */
static void files_carry(struct lvs *l, const struct lvs *old)
{
	const struct conf *conf = l->conf, *was = old->conf;

	for (unsigned i = 0; i < conf->files.n; i++) {
		unsigned k = i;

		if (k >= was->files.n || !same_file(conf->files.v[i], was->files.v[k]))
			for (k = 0; k < was->files.n; k++)
				if (same_file(conf->files.v[i], was->files.v[k]))
					break;
		if (k < was->files.n)
			l->files[i] = old->files[k];
	}
}

void lvs_carry(struct lvs *l, const struct lvs *old, usec_t now)
{
	struct arena *a = arena_new();
	struct pairs p = services_pair(l->conf, old->conf, a);
	uint32_t *old_of = arena_alloc(a, l->conf->real_servers.n * sizeof(*old_of));
	struct carry c = {.l = l,
			  .old = old,
			  .used = arena_alloc(a, old->conf->checkers.n * sizeof(bool)),
			  .now = now};

	files_carry(l, old);
	for (uint32_t vs = 0; vs < old->conf->virtual_servers.n; vs++)
		if (!p.kept[vs])
			service_gone(l, old, vs);
	for (uint32_t vs = 0; vs < l->conf->virtual_servers.n; vs++) {
		if (p.old_of[vs] == CONF_NONE)
			service_new(&c, vs);
		else
			service_carry(&c, vs, p.old_of[vs], old_of);
	}
	arena_free(a);
}
