/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: making a router from a configuration: all its memory, the table of interfaces (ports), who
 * belongs to which group, who watches what. Linear in the number of instances.
 * Must not know: elections.
 */
#include "core/vrrp/internal.h"

#include <string.h>

#include "base/str.h"

uint32_t hash_of(uint32_t seed, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t k = 0; k < len; k++)
		seed = (seed ^ p[k]) * 16777619u; /* FNV-1a */
	return seed ^ seed >> 15;
}

uint32_t hash_text(uint32_t seed, const char *s)
{
	return s ? hash_of(seed, s, strlen(s) + 1) : hash_of(seed, "\1", 1);
}

struct hash hash_new(struct arena *a, unsigned n)
{
	struct hash h = {.mask = 7};

	while (h.mask < n * 2)
		h.mask = h.mask << 1 | 1;
	h.v = arena_alloc(a, (h.mask + 1) * sizeof(*h.v));
	memset(h.v, 0xff, (h.mask + 1) * sizeof(*h.v));
	return h;
}

/* The place of a name: its port, or the free place where it belongs. */
static uint32_t *port_place(const struct vrrp_router *r, const char *name)
{
	uint32_t at = hash_text(2166136261u, name) & r->port_hash.mask;

	while (r->port_hash.v[at] != CONF_NONE && !str_eq(r->ports[r->port_hash.v[at]].name, name))
		at = (at + 1) & r->port_hash.mask;
	return &r->port_hash.v[at];
}

uint32_t vrrp_router_port_find(const struct vrrp_router *r, const char *name)
{
	return *port_place(r, name);
}

static void port_add(struct vrrp_router *r, const char *name)
{
	uint32_t *place;

	if (!name)
		return;
	place = port_place(r, name);
	if (*place != CONF_NONE)
		return;
	*place = r->n_ports;
	r->ports[r->n_ports++].name = name;
}

static unsigned names_count(const struct conf *conf)
{
	unsigned n = 0;

	for (unsigned k = 0; k < conf->instances.n; k++) {
		const struct conf_instance *c = conf->instances.v[k];

		n += 1 + c->tracks[TRACK_INTERFACE].n;
		for (unsigned v = 0; v < c->vips.n; v++)
			n += c->vips.v[v]->dev != NULL;
		for (unsigned v = 0; v < c->excluded.n; v++)
			n += c->excluded.v[v]->dev != NULL;
	}
	for (unsigned k = 0; k < conf->groups.n; k++)
		n += conf->groups.v[k]->tracks[TRACK_INTERFACE].n;
	return n;
}

static void tracked_ports_add(struct vrrp_router *r, const conf_track_list *list)
{
	for (unsigned t = 0; t < list->n; t++)
		port_add(r, list->v[t]->name);
}

static void ports_build(struct vrrp_router *r)
{
	unsigned n = names_count(r->conf);

	r->ports = arena_alloc(r->arena, n * sizeof(*r->ports));
	r->port_hash = hash_new(r->arena, n);
	for (unsigned k = 0; k < r->n; k++) {
		const struct conf_instance *c = r->conf->instances.v[k];

		port_add(r, c->interface);
		tracked_ports_add(r, &c->tracks[TRACK_INTERFACE]);
		for (unsigned v = 0; v < c->vips.n; v++)
			port_add(r, c->vips.v[v]->dev);
		for (unsigned v = 0; v < c->excluded.n; v++)
			port_add(r, c->excluded.v[v]->dev);
	}
	for (unsigned k = 0; k < r->conf->groups.n; k++)
		tracked_ports_add(r, &r->conf->groups.v[k]->tracks[TRACK_INTERFACE]);
}

static void groups_build(struct vrrp_router *r)
{
	r->groups = arena_alloc(r->arena, r->conf->groups.n * sizeof(*r->groups));
	for (unsigned k = 0; k < r->conf->groups.n; k++) {
		struct group *g = &r->groups[k];

		g->conf = r->conf->groups.v[k];
		g->members = g->conf->members.v;
		g->n = g->conf->members.n;
		for (unsigned m = 0; m < g->n; m++)
			r->inst[g->members[m]].group = k;
	}
}

static void inst_build(struct vrrp_router *r, unsigned id)
{
	struct inst *i = &r->inst[id];
	const struct conf_instance *c = r->conf->instances.v[id];

	i->conf = c;
	i->id = id;
	i->group = CONF_NONE;
	i->old_id = CONF_NONE;
	i->port = c->interface ? vrrp_router_port_find(r, c->interface) : CONF_NONE;
	i->effective = c->priority;
	i->master_interval = c->advert_int;
	if (ip_is_set(&c->src) && !c->track_src_ip)
		i->source = c->src;
	i->losses = arena_alloc(r->arena, (c->vips.n + c->excluded.n) * sizeof(*i->losses));
}

static unsigned largest_unit(const struct vrrp_router *r)
{
	unsigned most = 1;

	for (unsigned k = 0; k < r->conf->groups.n; k++)
		if (r->groups[k].n > most)
			most = r->groups[k].n;
	return most;
}

struct vrrp_router *router_build(const struct conf *conf)
{
	struct arena *a = arena_new();
	struct vrrp_router *r = arena_new_of(a, struct vrrp_router);

	r->arena = a;
	r->conf = conf;
	r->n = conf->instances.n;
	r->inst = arena_alloc(a, r->n * sizeof(*r->inst));
	r->heap = arena_alloc(a, r->n * sizeof(*r->heap));
	r->queue = arena_alloc(a, r->n * sizeof(*r->queue));
	r->scripts = arena_alloc(a, conf->scripts.n * sizeof(*r->scripts));
	r->files = arena_alloc(a, conf->files.n * sizeof(*r->files));
	for (unsigned k = 0; k < conf->scripts.n; k++)
		r->scripts[k].state = conf->scripts.v[k]->init_fail ? SCRIPT_BAD : SCRIPT_PENDING;
	ports_build(r);
	for (unsigned k = 0; k < r->n; k++)
		inst_build(r, k);
	groups_build(r);
	for (unsigned k = 0; k < r->n; k++)
		tracks_build(r, &r->inst[k]);
	tracks_link_users(r);
	deadlines_init(r);
	/* priority, advert, transition, own or disown, announce, notes: for each member */
	r->worst = 9 * largest_unit(r) + 8;
	return r;
}
