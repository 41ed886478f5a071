/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the state of a configuration as it starts. Servers start up unless a checker asks for
 * alpha; after a crash they start as the predecessor left them. Must not know: what changes later.
 */
#include <stdlib.h>

#include "core/lvs/internal.h"

static int server_order(const void *pa, const void *pb)
{
	const struct conf_real_server *a = *(struct conf_real_server *const *)pa,
				      *b = *(struct conf_real_server *const *)pb;
	int d = ip_compare(&a->addr, &b->addr);

	if (d)
		return d;
	return a->port != b->port ? (a->port < b->port ? -1 : 1)
				  : (a->id < b->id ? -1 : a->id > b->id);
}

static void services_sort(struct lvs *l)
{
	uint32_t *ids = arena_alloc(l->arena, sizeof(*ids) * l->conf->real_servers.n);
	struct arena *scratch = arena_new();
	struct conf_real_server **v =
		arena_alloc(scratch, sizeof(struct conf_real_server *) * l->conf->real_servers.n);

	for (unsigned vs = 0; vs < l->conf->virtual_servers.n; vs++) {
		const struct conf_virtual_server *conf = lvs_vs(l, vs);

		for (unsigned i = 0; i < conf->rs.n; i++)
			v[i] = conf->rs.v[i];
		if (conf->rs.n)
			qsort(v, conf->rs.n, sizeof(struct conf_real_server *), server_order);
		for (unsigned i = 0; i < conf->rs.n; i++)
			ids[i] = v[i]->id;
		l->services[vs].sorted = ids;
		ids += conf->rs.n;
	}
	arena_free(scratch);
}

static struct lvs *lvs_alloc(const struct conf *conf, struct arena *a)
{
	struct lvs *l = arena_new_of(a, struct lvs);
	unsigned n_vs = conf->virtual_servers.n, n_rs = conf->real_servers.n;

	l->conf = conf;
	l->arena = a;
	l->services = arena_alloc(a, n_vs * sizeof(*l->services));
	l->servers = arena_alloc(a, n_rs * sizeof(*l->servers));
	l->checkers = arena_alloc(a, conf->checkers.n * sizeof(*l->checkers));
	l->files = arena_alloc(a, conf->files.n * sizeof(*l->files));
	l->dirty = arena_alloc(a, n_vs * sizeof(*l->dirty));
	l->timed = arena_alloc(a, n_rs * sizeof(*l->timed));
	l->deadline = USEC_NEVER;
	l->all_dirty = true;
	for (unsigned i = 0; i < n_rs; i++) {
		l->servers[i].ramp_start = l->servers[i].zero_since = USEC_NEVER;
		l->servers[i].due = USEC_NEVER;
	}
	services_sort(l);
	lvs_expand(l);
	return l;
}

/* ---- a server that starts ---- */

void lvs_checker_start(struct lvs *l, uint32_t checker)
{
	const struct conf_checker *c = l->conf->checkers.v[checker];
	const struct conf_check_file *f = (const struct conf_check_file *)c;

	l->checkers[checker] =
		(struct lvs_checker){.up = c->kind == CHECK_FILE || !c->timing.alpha};
	if (c->kind == CHECK_FILE && f->file < l->conf->files.n && l->files[f->file].known)
		lvs_checker_file(l, checker, l->files[f->file].value);
}

void lvs_server_start(struct lvs *l, uint32_t rs, usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];

	for (unsigned i = 0; i < conf->checkers.n; i++)
		lvs_checker_start(l, conf->checkers.v[i]->id);
	lvs_server_settle(l, rs, now);
	s->up = s->told = s->failed == 0;
	s->since = now;
	lvs_server_account(l, rs, +1);
	if (s->up)
		lvs_event_add(l, &(struct lvs_event_in){.kind = LVS_RS_UP,
							.vs = conf->vs,
							.rs = rs,
							.checker = CONF_NONE,
							.weight = s->effective,
							.initial = true});
}

/* ---- after a crash ---- */

/* Which checkers had failed a server is not known: all, until each says otherwise. */
static void server_adopt(struct lvs *l, uint32_t rs, bool up, usec_t since, usec_t now)
{
	const struct conf_real_server *conf = lvs_rs(l, rs);
	struct lvs_server *s = &l->servers[rs];

	for (unsigned i = 0; i < conf->checkers.n; i++)
		l->checkers[conf->checkers.v[i]->id] =
			(struct lvs_checker){.up = up, .assumed = true};
	lvs_server_settle(l, rs, now);
	s->up = s->failed == 0;
	s->told = true;
	s->since = since > 0 && s->up == up ? since : now;
	lvs_server_account(l, rs, +1);
}

static usec_t past_server_since(const struct lvs_past *past, const struct conf_real_server *rs)
{
	return past->server_since ? past->server_since(past->ctx, rs) : 0;
}

static usec_t past_quorum_since(const struct lvs_past *past, const struct conf_virtual_server *vs)
{
	return past->quorum_since ? past->quorum_since(past->ctx, vs) : 0;
}

static void service_start(struct lvs *l, uint32_t vs, const struct lvs_past *past, usec_t now)
{
	const struct conf_virtual_server *conf = lvs_vs(l, vs);
	struct lvs_service *s = &l->services[vs];
	bool up;

	s->since = now;
	for (unsigned i = 0; i < conf->rs.n; i++) {
		if (past && past->server && past->server(past->ctx, conf->rs.v[i], &up))
			server_adopt(l, conf->rs.v[i]->id, up, past_server_since(past, conf->rs.v[i]),
				     now);
		else
			lvs_server_start(l, conf->rs.v[i]->id, now);
	}
	s->known = past && past->quorum && past->quorum(past->ctx, conf, &up);
	if (s->known) {
		s->quorum_up = up;
		s->panic = past->panic && past->panic(past->ctx, conf);
		s->sorry = !up && conf->sorry;
		if (past_quorum_since(past, conf) > 0)
			s->since = past_quorum_since(past, conf);
	}
	lvs_service_evaluate(l, vs, !s->known, now);
}

struct lvs *lvs_new(const struct conf *conf, struct arena *a, const struct lvs *old,
		    const struct lvs_past *past, usec_t now)
{
	struct lvs *l = lvs_alloc(conf, a);

	l->held = old ? old->held : past != NULL;
	if (old) {
		lvs_carry(l, old, now);
		return l;
	}
	for (uint32_t vs = 0; vs < conf->virtual_servers.n; vs++)
		service_start(l, vs, past, now);
	return l;
}
