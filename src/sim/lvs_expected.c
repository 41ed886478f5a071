/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns: the table that the oracle's beliefs lead to, with ranges where time decides. */
#include <string.h>

#include "sim/lvs_sim.h"

unsigned oracle_keys(const struct conf_virtual_server *vs, struct service_key *v)
{
	unsigned n = 0;

	if (vs->kind == SERVICE_ADDRESS) {
		v[0] = (struct service_key){.family = IP_V4,
					    .protocol = vs->protocol,
					    .port = vs->port,
					    .addr = vs->addr};
		return 1;
	}
	for (unsigned i = 0; i < vs->group->entries.n; i++) {
		const struct conf_group_entry *e = vs->group->entries.v[i];

		if (e->is_mark) {
			v[n++] = (struct service_key){.family = e->family, .fwmark = e->fwmark};
			continue;
		}
		for (unsigned b = e->first.b[3]; b <= e->last.b[3]; b++) {
			v[n] = (struct service_key){.family = IP_V4,
						    .protocol = vs->protocol,
						    .port = e->port,
						    .addr = e->first};
			v[n++].addr.b[3] = (uint8_t)b;
		}
	}
	return n;
}

struct list {
	struct oracle_dest *v;
	unsigned n, cap;
};

static struct oracle_dest *find(const struct list *l, const struct oracle_dest *d)
{
	for (unsigned i = 0; i < l->n; i++)
		if (service_key_compare(&l->v[i].key, &d->key) == 0 &&
		    ip_equal(&l->v[i].addr, &d->addr) && l->v[i].port == d->port)
			return &l->v[i];
	return NULL;
}

static void add(struct list *l, const struct oracle_dest *d)
{
	if (l->n < l->cap)
		l->v[l->n++] = *d;
}

static struct oracle_dest dest(const struct service_key *key, const struct ip_addr *addr,
			       uint16_t port, uint8_t method, uint32_t weight)
{
	return (struct oracle_dest){.key = *key,
				    .addr = *addr,
				    .port = method == LVS_NAT ? port : key->port,
				    .least = weight,
				    .most = weight};
}

/* ---- one virtual server in one service ---- */

static void add_server(const struct lvs_sim *s, const struct conf_real_server *rs,
		       const struct service_key *key, struct list *l)
{
	const struct oracle_server *o = &s->oracle.servers[rs->id];
	const struct oracle_service *vs = &s->oracle.services[rs->vs];
	struct oracle_dest d =
		dest(key, &rs->addr, rs->port, rs->method ? rs->method->method : LVS_NAT, 0);

	if ((o->up || vs->panic) && !vs->sorry) {
		d.least = d.most = o->target;
		if (o->target && o->came_up != USEC_NEVER &&
		    s->now - o->came_up < rs->slow_start + LVS_SIM_GRID)
			d.least = 1;
	} else if (!rs->inhibit_on_failure) {
		return;
	}
	if (o->left)
		return;
	if (o->zero_since != USEC_NEVER && s->now - o->zero_since >= rs->drain_timeout) {
		if (s->now - o->zero_since >= rs->drain_timeout + LVS_SIM_GRID)
			return;
		d.optional = true;
	}
	add(l, &d);
}

static void add_ghosts(const struct lvs_sim *s, uint32_t vs, const struct service_key *key,
		       struct list *l)
{
	for (unsigned i = 0; i < s->oracle.n_ghosts; i++) {
		const struct oracle_ghost *g = &s->oracle.ghosts[i];
		struct oracle_dest d = dest(key, &g->addr, g->port, g->method, 0);

		if (g->vs != vs || find(l, &d) || s->now >= g->until + LVS_SIM_GRID)
			continue;
		d.optional = s->now >= g->until;
		add(l, &d);
	}
}

static void add_sorry(const struct lvs_sim *s, const struct conf_virtual_server *vs,
		      const struct service_key *key, struct list *l)
{
	bool active = s->oracle.services[vs->id].sorry;
	struct oracle_dest d, *other;

	if (!vs->sorry || !(active || vs->sorry_inhibit))
		return;
	d = dest(key, &vs->sorry->addr, vs->sorry->port, LVS_NAT, active);
	other = find(l, &d);
	if (!other)
		add(l, &d);
	else if (active)
		*other = d;
	else
		other->optional = false;
}

/* ---- all ---- */

static void merge(struct list *l, const struct oracle_dest *d)
{
	struct oracle_dest *other = find(l, d);

	if (!other) {
		add(l, d);
		return;
	}
	other->optional &= d->optional;
	other->least = d->least > other->least ? d->least : other->least;
	other->most = d->most > other->most ? d->most : other->most;
}

unsigned oracle_table(const struct lvs_sim *s, struct oracle_dest *v, unsigned cap)
{
	struct list all = {.v = v, .cap = cap};

	for (unsigned i = 0; i < s->conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = s->conf->virtual_servers.v[i];
		struct service_key keys[ORACLE_KEYS];
		unsigned n = oracle_keys(vs, keys);

		for (unsigned k = 0; k < n; k++) {
			struct oracle_dest own[ORACLE_SERVERS * 4];
			struct list l = {.v = own, .cap = ORACLE_SERVERS * 4};

			for (unsigned r = 0; r < vs->rs.n; r++)
				add_server(s, vs->rs.v[r], &keys[k], &l);
			add_ghosts(s, vs->id, &keys[k], &l);
			add_sorry(s, vs, &keys[k], &l);
			for (unsigned r = 0; r < l.n; r++)
				merge(&all, &l.v[r]);
		}
	}
	return all.n;
}
