/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the text of the tables that set marks for IPVS: per family and protocol one map from
 * address and port to mark, and one rule that uses it. Marks are lvs_group_mark()'s. Must not know
 * IPVS.
 */
#include "core/lvs/nft_marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/lvs/lvs.h"

static const uint8_t protocols[] = {LVS_TCP, LVS_UDP, LVS_SCTP};

static int mark_compare(const void *x, const void *y)
{
	const struct nft_mark *a = x, *b = y;
	int order = ip_compare(&a->first, &b->first);

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (!order)
		order = ip_compare(&a->last, &b->last);
	if (!order && a->port != b->port)
		order = a->port < b->port ? -1 : 1;
	if (!order && a->mark != b->mark)
		order = a->mark < b->mark ? -1 : 1;
	return order;
}

/* ---- from the configuration ---- */

static void gather_group(const struct conf_virtual_server *vs, uint32_t mark, struct arena *a,
			 struct nft_marks *ret)
{
	for (unsigned i = 0; i < vs->group->entries.n; i++) {
		const struct conf_group_entry *e = vs->group->entries.v[i];

		if (!e->is_mark)
			vec_push(a, &ret->v,
				 ((struct nft_mark){vs->protocol, e->first, e->last, e->port,
						    mark}));
	}
}

/* Several virtual servers of a group and protocol have one mark. */
static void drop_duplicates(struct nft_marks *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->v.n; i++)
		if (!n || mark_compare(&m->v.v[n - 1], &m->v.v[i]) != 0)
			m->v.v[n++] = m->v.v[i];
	m->v.n = n;
}

void nft_marks_gather(const struct conf *conf, struct arena *a, struct nft_marks *ret)
{
	const struct conf_global *g = &conf->global;

	*ret = (struct nft_marks){.table = arena_strdup(a, g->nftables_ipvs),
				  .priority = g->nftables_ipvs_priority,
				  .counters = g->nftables_counters};
	if (!ret->table)
		return;
	for (unsigned i = 0; i < conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = conf->virtual_servers.v[i];
		uint32_t mark = lvs_group_mark(conf, vs);

		if (mark)
			gather_group(vs, mark, a, ret);
	}
	if (ret->v.n)
		qsort(ret->v.v, ret->v.n, sizeof(*ret->v.v), mark_compare);
	drop_duplicates(ret);
}

/* ---- text ---- */

static const char *protocol_word(uint8_t protocol)
{
	return protocol == LVS_TCP ? "tcp" : protocol == LVS_UDP ? "udp" : "sctp";
}

static const char *family_word(uint8_t family)
{
	return family == IP_V4 ? "ip" : "ip6";
}

static bool has(const struct nft_marks *m, uint8_t family, uint8_t protocol)
{
	for (unsigned i = 0; m && m->table && i < m->v.n; i++)
		if (m->v.v[i].first.family == family &&
		    (!protocol || m->v.v[i].protocol == protocol))
			return true;
	return false;
}

static void put_element(struct nft_text *t, const char *verb, const struct nft_marks *m,
			const struct nft_mark *e)
{
	nft_put(t, "%s element %s %s %s_map { ", verb, family_word(e->first.family), m->table,
		protocol_word(e->protocol));
	nft_put_ip(t, &e->first);
	if (!ip_equal(&e->first, &e->last)) {
		nft_put(t, "-");
		nft_put_ip(t, &e->last);
	}
	if (e->port)
		nft_put(t, " . %u", e->port);
	else
		nft_put(t, " . 0-65535");
	if (str_eq(verb, "add"))
		nft_put(t, " : %u", e->mark);
	nft_put(t, " }\n");
}

static void put_protocol(struct nft_text *t, const struct nft_marks *m, uint8_t family,
			 uint8_t protocol)
{
	const char *ip = family_word(family), *name = protocol_word(protocol);

	nft_put(t,
		"add map %s %s %s_map { type ipv%u_addr . inet_service : mark; flags interval;%s "
		"}\n",
		ip, m->table, name, family, m->counters ? " counter;" : "");
	nft_put(t,
		"add rule %s %s in meta l4proto %s meta mark set %s daddr . th dport map @%s_map "
		"counter return\n",
		ip, m->table, name, ip, name);
}

static void put_table(struct nft_text *t, const struct nft_marks *m, uint8_t family)
{
	const char *ip = family_word(family);

	nft_put(t, "add table %s %s\n", ip, m->table);
	nft_put(t, "add chain %s %s in { type filter hook input priority %d; policy accept; }\n",
		ip, m->table, m->priority);
	for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
		if (has(m, family, protocols[i]))
			put_protocol(t, m, family, protocols[i]);
	for (unsigned i = 0; i < m->v.n; i++)
		if (m->v.v[i].first.family == family)
			put_element(t, "add", m, &m->v.v[i]);
}

/* Adding first makes it no error when there is none. */
static void put_table_away(struct nft_text *t, const char *table, uint8_t family)
{
	nft_put(t, "add table %s %s\ndelete table %s %s\n", family_word(family), table,
		family_word(family), table);
}

/* ---- from one to the other ---- */

static bool family_same(const struct nft_marks *old, const struct nft_marks *new, uint8_t family)
{
	if (!old || !old->table || !new->table || !str_eq(old->table, new->table) ||
	    old->priority != new->priority || old->counters != new->counters)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(protocols); i++)
		if (has(old, family, protocols[i]) != has(new, family, protocols[i]))
			return false;
	return has(new, family, 0);
}

/* The elements of one that the other does not have. */
static void put_missing(struct nft_text *t, const char *verb, const struct nft_marks *m,
			const struct nft_marks *in, uint8_t family)
{
	for (unsigned i = 0; i < m->v.n; i++)
		if (m->v.v[i].first.family == family &&
		    (!in->v.n ||
		     !bsearch(&m->v.v[i], in->v.v, in->v.n, sizeof(*in->v.v), mark_compare)))
			put_element(t, verb, m, &m->v.v[i]);
}

static void render_family(struct nft_text *t, const struct nft_marks *old,
			  const struct nft_marks *new, uint8_t family)
{
	if (family_same(old, new, family)) {
		put_missing(t, "delete", old, new, family);
		put_missing(t, "add", new, old, family);
		return;
	}
	if (has(old, family, 0))
		put_table_away(t, old->table, family);
	else if (!old && new->table)
		put_table_away(t, new->table, family);
	if (has(new, family, 0))
		put_table(t, new, family);
}

void nft_marks_render(struct nft_text *t, const struct nft_marks *old, const struct nft_marks *new)
{
	render_family(t, old, new, IP_V4);
	render_family(t, old, new, IP_V6);
}
