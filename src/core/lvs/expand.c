/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: which kernel services a virtual server is: its address, its mark, or every address and mark
 * of its group; in nftables_ipvs mode a group without marks is one mark, per family. Virtual
 * servers with the same key share one service. Done once per configuration. Must not know: state.
 */
#include <stdlib.h>
#include <string.h>

#include "core/lvs/internal.h"
#include "core/reconcile/services.h"

#define START_MARK 1000
#define PROTOCOLS 3 /* of a group's marks */

struct owner {
	struct service_key key;
	uint32_t vs;
};

struct expansion {
	struct arena *scratch;
	VEC(struct owner) owners;
};

/* ---- marks of nftables_ipvs ---- */

static unsigned protocol_index(uint8_t protocol)
{
	return protocol == LVS_TCP ? 0 : protocol == LVS_UDP ? 1 : 2;
}

static bool is_marked(const struct conf *conf, const struct conf_virtual_server *vs)
{
	return conf->global.nftables_ipvs && vs->kind == SERVICE_GROUP && vs->group &&
	       !vs->group->has_mark && vs->group->id < conf->virtual_server_groups.n;
}

/* Marks by group and protocol, 0: none; of the virtual servers before `until`. */
static void marks_fill(const struct conf *conf, uint32_t until, uint32_t *marks)
{
	uint32_t next = conf->global.nftables_ipvs_start_fwmark;

	next = next ? next : START_MARK;
	for (uint32_t i = 0; i < until && i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];
		uint32_t *mark;

		if (!is_marked(conf, vs))
			continue;
		mark = &marks[vs->group->id * PROTOCOLS + protocol_index(vs->protocol)];
		if (!*mark)
			*mark = next++;
	}
}

static uint32_t mark_of(const uint32_t *marks, const struct conf_virtual_server *vs)
{
	return marks[vs->group->id * PROTOCOLS + protocol_index(vs->protocol)];
}

uint32_t lvs_group_mark(const struct conf *conf, const struct conf_virtual_server *vs)
{
	struct arena *scratch;
	uint32_t *marks, mark;

	if (!is_marked(conf, vs))
		return 0;
	scratch = arena_new();
	marks = arena_alloc(scratch, sizeof(*marks) * PROTOCOLS * conf->virtual_server_groups.n);
	marks_fill(conf, vs->id + 1, marks);
	mark = mark_of(marks, vs);
	arena_free(scratch);
	return mark;
}

/* ---- keys ---- */

static void add_key(struct expansion *x, uint32_t vs, struct service_key key)
{
	vec_push(x->scratch, &x->owners, ((struct owner){.key = key, .vs = vs}));
}

static void add_mark(struct expansion *x, uint32_t vs, uint8_t family, uint32_t fwmark)
{
	add_key(x, vs, (struct service_key){.family = family ? family : IP_V4, .fwmark = fwmark});
}

/* The next address; false after the last there is. */
static bool ip_next(struct ip_addr *a)
{
	size_t i = ip_len(a);

	while (i > 0 && ++a->b[i - 1] == 0)
		i--;
	return i > 0;
}

static void add_range(struct expansion *x, const struct conf_virtual_server *vs,
		      const struct conf_group_entry *e)
{
	struct ip_addr a = e->first;

	for (unsigned n = 0; n < GROUP_ENTRY_ADDRESSES_MAX && ip_compare(&a, &e->last) <= 0; n++) {
		add_key(x, vs->id,
			(struct service_key){.family = a.family,
					     .protocol = vs->protocol,
					     .port = e->port,
					     .addr = a});
		if (!ip_next(&a))
			return;
	}
}

static void add_group(struct expansion *x, const struct conf_virtual_server *vs)
{
	for (unsigned i = 0; i < vs->group->entries.n; i++) {
		const struct conf_group_entry *e = vs->group->entries.v[i];

		if (!e->is_mark)
			add_range(x, vs, e);
		else if (e->fwmark)
			add_mark(x, vs->id, e->family ? e->family : vs->family, e->fwmark);
	}
}

static void add_marked_group(struct expansion *x, const struct conf_virtual_server *vs,
			     uint32_t mark)
{
	if (vs->group->has_v4)
		add_mark(x, vs->id, IP_V4, mark);
	if (vs->group->has_v6)
		add_mark(x, vs->id, IP_V6, mark);
}

static void add_service(struct expansion *x, const struct conf *conf,
			const struct conf_virtual_server *vs, const uint32_t *marks)
{
	if (vs->kind == SERVICE_ADDRESS)
		add_key(x, vs->id,
			(struct service_key){.family = vs->addr.family,
					     .protocol = vs->protocol,
					     .port = vs->port,
					     .addr = vs->addr});
	else if (vs->kind == SERVICE_MARK)
		add_mark(x, vs->id, vs->family, vs->fwmark);
	else if (is_marked(conf, vs))
		add_marked_group(x, vs, mark_of(marks, vs));
	else if (vs->group)
		add_group(x, vs);
}

/* ---- slots ---- */

static int owner_order(const void *pa, const void *pb)
{
	const struct owner *a = pa, *b = pb;
	int d = service_key_compare(&a->key, &b->key);

	return d ? d : a->vs < b->vs ? -1 : a->vs > b->vs;
}

/* Each virtual server's list of its slots: counted, laid out, filled. */
static void services_slots(struct lvs *l, const struct expansion *x)
{
	uint32_t *pool = arena_alloc(l->arena, sizeof(*pool) * x->owners.n);

	for (unsigned i = 0; i < x->owners.n; i++)
		l->services[l->owners[i]].n_slots++;
	for (unsigned vs = 0; vs < l->conf->virtual_servers.n; vs++) {
		l->services[vs].slots = pool;
		pool += l->services[vs].n_slots;
		l->services[vs].n_slots = 0;
	}
	for (unsigned s = 0; s < l->n_slots; s++) {
		const struct lvs_slot *slot = &l->slots[s];

		for (unsigned i = 0; i < slot->n; i++) {
			struct lvs_service *vs = &l->services[l->owners[slot->first + i]];

			vs->slots[vs->n_slots++] = s;
		}
	}
}

static void slots_make(struct lvs *l, struct expansion *x)
{
	unsigned n = 0;

	if (x->owners.n)
		qsort(x->owners.v, x->owners.n, sizeof(*x->owners.v), owner_order);
	l->slots = arena_alloc(l->arena, sizeof(*l->slots) * x->owners.n);
	l->owners = arena_alloc(l->arena, sizeof(*l->owners) * x->owners.n);
	for (unsigned i = 0; i < x->owners.n; i++) {
		const struct owner *o = &x->owners.v[i];
		struct lvs_slot *last = l->n_slots ? &l->slots[l->n_slots - 1] : NULL;

		if (last && service_key_compare(&last->key, &o->key) == 0) {
			if (l->owners[n - 1] == o->vs)
				continue; /* an address twice in one group */
			last->n++;
		} else {
			l->slots[l->n_slots++] =
				(struct lvs_slot){.key = o->key, .first = n, .n = 1};
		}
		l->owners[n++] = o->vs;
	}
	x->owners.n = n;
	services_slots(l, x);
}

void lvs_expand(struct lvs *l)
{
	const struct conf *conf = l->conf;
	struct expansion x = {.scratch = arena_new()};
	uint32_t *marks =
		arena_alloc(x.scratch, sizeof(*marks) * PROTOCOLS * conf->virtual_server_groups.n);

	marks_fill(conf, conf->virtual_servers.n, marks);
	for (unsigned i = 0; i < conf->virtual_servers.n; i++)
		add_service(&x, conf, conf->virtual_servers.v[i], marks);
	slots_make(l, &x);
	arena_free(x.scratch);
}
