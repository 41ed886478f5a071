/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the chains of services, from one state to another, in such an order that the whole text is
 * a valid transaction. What may or may not be there is added before it is flushed or deleted:
 * adding is idempotent, so that the text need not know more than the two states.
 *
 * NAT, not persistent: one rule, the choice and the address in one map. Where some servers have a port and
 * others none, that map has ranges of ports; nftables makes no rule of those with IPv6 that the kernel takes,
 * so that each server has a chain then.
 * NAT, persistent, and DR: a chain for each server, which remembers the client (or the flow) and
 * forwards. The service's chain goes to the remembered server while it exists, of weight 0 too, as
 * IPVS does with its templates; else it chooses, and the chain chosen forgets the one before.
 *
 * The kernel changes rules and the maps in them at one moment, but a packet that is on its way
 * through the old rules at that moment no longer finds anything in their maps. It must not reach
 * the director's own stack, nor a server that it is not of, which would reset the connection, nor
 * make us forget whom it belongs to: it is dropped, and sent again. So a choice of one is made by a
 * map as well.
 */
#include "core/lvs/nft_ruleset.h"

#include "base/str.h"
#include "core/lvs/nft_frame.h"
#include "core/lvs/nft_service.h"
#include "model/lvs.h"

#include <stdlib.h>

#define CLIENTS_MOST 262144

/* As its priority: this packet was not remembered. */
#define NFT_CHOSEN NFT_REFUSED

/* ---- words ---- */

static const char *table_of(const struct nft_service *n)
{
	return n->mode == NFT_DR ? "netdev " NFT_TABLE : "inet " NFT_TABLE;
}

static const char *ip_of(const struct nft_service *n)
{
	return n->v6 ? "ip6" : "ip";
}

static void put_rule(struct nft_text *t, const struct nft_service *n, const char *chain)
{
	nft_put(t, "add rule %s %s ", table_of(n), chain);
}

static void put_id(struct nft_text *t, uint32_t id)
{
	nft_put(t, "%x:%x", id >> 16, id & 0xffff);
}

/* The client as persistence counts it. */
static void put_client(struct nft_text *t, const struct nft_service *n)
{
	uint32_t mask = n->s->netmask;
	struct ip_addr a = {.family = n->v6 ? IP_V6 : IP_V4};

	nft_put(t, "%s saddr", ip_of(n));
	if (!mask || (n->v6 ? mask >= 128 : mask == UINT32_MAX))
		return;
	for (unsigned i = 0; i < ip_len(&a); i++)
		if (!n->v6)
			a.b[i] = (uint8_t)(mask >> (24 - 8 * i));
		else if (i * 8 < mask)
			a.b[i] = mask - i * 8 >= 8 ? 0xff : (uint8_t)(0xff00 >> (mask - i * 8));
	nft_put(t, " & ");
	nft_put_ip(t, &a);
}

static void put_choice(struct nft_text *t, const struct nft_service *n, unsigned slots)
{
	const char *scheduler = n->s->scheduler;

	if (!nft_service_is_hashed(n)) {
		if (n->mode == NFT_DR && !(n->s->flags & LVS_ONEPACKET))
			nft_put(t, "jhash meta mark mod %u seed " NFT_FLOW_SEED, slots);
		else
			nft_put(t, "numgen inc mod %u", slots);
	} else if (str_eq(scheduler, "sh") || str_eq(scheduler, "mh")) {
		nft_put(t, "jhash %s saddr%s mod %u seed " NFT_FLOW_SEED, ip_of(n),
			n->s->flags & LVS_SCHED2 ? " . th sport" : "", slots);
	} else {
		nft_put(t, "jhash %s daddr mod %u seed " NFT_FLOW_SEED, ip_of(n), slots);
	}
}

/* ---- NAT ---- */

static void put_target(struct nft_text *t, const struct nft_service *n, const struct nft_dest *d)
{
	if (d->port)
		nft_put(t, "%s", n->transport);
	nft_put(t, "dnat %s to %s", ip_of(n), n->v6 && d->port ? "[" : "");
	nft_put_ip(t, &d->d->addr);
	if (d->port)
		nft_put(t, "%s:%u", n->v6 ? "]" : "", d->port);
	nft_put(t, "\n");
}

/* Where some servers have a port and others none, none is a range that any port is in. */
static void put_targets(struct nft_text *t, const struct nft_service *n,
			const struct nft_slots *slots)
{
	unsigned ports = 0;

	for (unsigned i = 0; i < n->dests.n; i++)
		ports += n->dests.v[i].port != 0;
	nft_put(t, "%sdnat %s to ", ports ? n->transport : "", ip_of(n));
	put_choice(t, n, slots->n);
	nft_put(t, " map { ");
	for (unsigned slot = 0; slot < slots->n; slot++) {
		const struct nft_dest *d = &n->dests.v[slots->index[slot]];

		nft_put(t, "%s%u : ", slot ? ", " : "", slot);
		nft_put_ip(t, &d->d->addr);
		if (d->port && ports < n->dests.n)
			nft_put(t, " . %u-%u", d->port, d->port);
		else if (d->port)
			nft_put(t, " . %u", d->port);
		else if (ports)
			nft_put(t, " . 1-65535");
	}
	nft_put(t, " }\n");
}

static bool has_ports(const struct nft_service *n)
{
	for (unsigned i = 0; i < n->dests.n; i++)
		if (n->dests.v[i].port)
			return true;
	return false;
}

/* See at the top. Not what has no port where others have one: it was nobody's choice. */
static void put_end(struct nft_text *t, const struct nft_service *n)
{
	put_rule(t, n, n->chain);
	nft_put(t, "%sdrop\n", n->mode == NFT_NAT && has_ports(n) ? n->transport : "");
}

/* Nobody: on to the stack as it came, but for the word of nft_frame.h. */
static void put_refusal(struct nft_text *t, const struct nft_service *n)
{
	put_rule(t, n, n->chain);
	nft_put(t, "%smeta priority set " NFT_REFUSED "\n",
		n->mode == NFT_DR ? "meta mark set 0 " : "");
}

/* The chain of the server chosen. */
static void put_chains(struct nft_text *t, const struct nft_service *n, const struct nft_slots *slots)
{
	put_choice(t, n, slots->n);
	nft_put(t, " vmap { ");
	for (unsigned slot = 0; slot < slots->n; slot++)
		nft_put(t, "%s%u : goto %s", slot ? ", " : "", slot,
			n->dests.v[slots->index[slot]].chain);
	nft_put(t, " }\n");
}

static void put_nat_simple(struct nft_text *t, const struct nft_service *n,
			   const struct nft_slots *slots)
{
	if (!slots->n) {
		put_refusal(t, n);
		return;
	}
	put_rule(t, n, n->chain);
	if (n->apart) {
		nft_put(t, "%s", n->transport);
		put_chains(t, n, slots);
		put_end(t, n);
	} else if (slots->n == 1) {
		put_target(t, n, &n->dests.v[slots->index[0]]);
	} else {
		put_targets(t, n, slots);
		put_end(t, n);
	}
}

/* ---- chains of servers ---- */

static bool remembers_flows(const struct nft_service *n)
{
	return n->mode == NFT_DR && !(n->s->flags & LVS_ONEPACKET);
}

/* What was remembered and didn't lead here is wrong. */
static void put_forget(struct nft_text *t, const struct nft_service *n, const struct nft_dest *d)
{
	put_rule(t, n, d->chain);
	nft_put(t, "meta priority " NFT_CHOSEN);
	if (remembers_flows(n))
		nft_put(t, " delete @flows { " NFT_FLOW " : none }");
	if (n->persist[0]) {
		nft_put(t, " delete @%s { ", n->persist);
		put_client(t, n);
		nft_put(t, " : none }");
	}
	nft_put(t, "\n");
}

static void put_remember_client(struct nft_text *t, const struct nft_service *n,
				const struct nft_dest *d)
{
	put_rule(t, n, d->chain);
	nft_put(t, "update @%s { ", n->persist);
	put_client(t, n);
	nft_put(t, " timeout %us : ", n->s->timeout);
	put_id(t, d->id);
	nft_put(t, " }\n");
}

static void put_remember_flow(struct nft_text *t, const struct nft_service *n,
			      const struct nft_dest *d, const char *which, unsigned seconds)
{
	put_rule(t, n, d->chain);
	nft_put(t, "%supdate @flows { " NFT_FLOW " timeout %us : ", which, seconds);
	put_id(t, d->id);
	nft_put(t, " }\n");
}

/* A client that only asks for connections, perhaps under a false address, must not fill the map. */
static void put_remember_flows(struct nft_text *t, const struct nft_service *n,
			       const struct nft_dest *d)
{
	if (n->s->key.protocol != LVS_TCP) {
		put_remember_flow(t, n, d, "", n->s->key.protocol == LVS_UDP ? 300 : 900);
		return;
	}
	put_remember_flow(t, n, d, NFT_SYN " ", 60);
	put_remember_flow(t, n, d, NFT_NO_SYN " " NFT_FLOW " != @closing ", 900);
	put_remember_flow(t, n, d, NFT_FLOW " @closing ", 60);
}

static void put_forward(struct nft_text *t, const struct nft_service *n, const struct nft_dest *d)
{
	put_rule(t, n, d->chain);
	if (n->mode == NFT_NAT) {
		nft_put(t, "meta priority set none ");
		put_target(t, n, d);
		return;
	}
	nft_put(t, "meta mark set 0 meta priority set none ");
	if (d->link->local) {
		nft_put(t, "accept\n");
		return;
	}
	nft_put(t, "fwd %s to ", ip_of(n));
	nft_put_ip(t, &d->d->addr);
	nft_put(t, " device \"%s\"\n", d->link->device);
}

static void put_dest_chain(struct nft_text *t, const struct nft_service *n,
			   const struct nft_dest *d)
{
	nft_put(t, "add chain %s %s\nflush chain %s %s\n", table_of(n), d->chain, table_of(n),
		d->chain);
	if (n->mode == NFT_DR && !d->link)
		return;
	if (remembers_flows(n) || n->persist[0])
		put_forget(t, n, d);
	if (remembers_flows(n))
		put_remember_flows(t, n, d);
	if (n->persist[0])
		put_remember_client(t, n, d);
	put_forward(t, n, d);
}

/* To the server that `map` remembers, while it is there. */
static void put_recall(struct nft_text *t, const struct nft_service *n, const char *map, bool flow)
{
	unsigned listed = 0;

	put_rule(t, n, n->chain);
	nft_put(t, "meta priority set ");
	if (flow)
		nft_put(t, NFT_FLOW);
	else
		put_client(t, n);
	nft_put(t, " map @%s meta priority vmap { ", map);
	for (unsigned i = 0; i < n->dests.n; i++) {
		const struct nft_dest *d = &n->dests.v[i];

		if (n->mode == NFT_DR && !d->link)
			continue;
		nft_put(t, "%s", listed++ ? ", " : "");
		put_id(t, d->id);
		nft_put(t, " : goto %s", d->chain);
	}
	nft_put(t, " }\n");
}

static void put_recalls(struct nft_text *t, const struct nft_service *n)
{
	if (n->mode == NFT_DR) {
		put_rule(t, n, n->chain);
		nft_put(t, "jump flow%u\n", n->v6 ? 6 : 4);
	}
	if (remembers_flows(n))
		put_recall(t, n, "flows", true);
	if (n->persist[0])
		put_recall(t, n, n->persist, false);
}

static void put_go(struct nft_text *t, const struct nft_service *n, const struct nft_slots *slots)
{
	put_rule(t, n, n->chain);
	nft_put(t, "meta priority set " NFT_CHOSEN " ");
	put_chains(t, n, slots);
	put_end(t, n);
}

/* Only what still finds something, in a map that has everything, is nobody's. */
static void put_nobody(struct nft_text *t, const struct nft_service *n)
{
	put_rule(t, n, n->chain);
	nft_put(t, "meta priority set meta protocol map { ip : " NFT_REFUSED ", ip6 : " NFT_REFUSED
		   " }\n");
	put_rule(t, n, n->chain);
	nft_put(t, "meta priority != " NFT_REFUSED " drop\n");
}

static bool reachable(const struct nft_service *n)
{
	for (unsigned i = 0; i < n->dests.n; i++)
		if (n->mode == NFT_NAT || n->dests.v[i].link)
			return true;
	return false;
}

static void put_recalling(struct nft_text *t, const struct nft_service *n,
			  const struct nft_slots *slots)
{
	if (reachable(n))
		put_recalls(t, n);
	if (slots->n) {
		put_go(t, n, slots);
		return;
	}
	if (reachable(n))
		put_nobody(t, n);
	put_refusal(t, n);
}

/* ---- one service ---- */

static const struct nft_dest *find_chain(const struct nft_service *n, const char *chain)
{
	for (unsigned i = 0; n && i < n->dests.n; i++)
		if (str_eq(n->dests.v[i].chain, chain))
			return &n->dests.v[i];
	return NULL;
}

static bool same_table(const struct nft_service *a, const struct nft_service *b)
{
	return a && b && a->mode == b->mode;
}

/* A map can't change its time, so each client has it. */
static void put_client_map(struct nft_text *t, const struct nft_service *n)
{
	nft_put(t, "add map %s %s { type %s : classid; flags dynamic,timeout; size %u; }\n",
		table_of(n), n->persist, n->v6 ? "ipv6_addr" : "ipv4_addr", CLIENTS_MOST);
}

/* A server's chain of a persistent NAT service says nothing that could have changed. */
static bool chain_stands(const struct nft_service *is, const struct nft_service *was,
			 const struct nft_dest *d)
{
	return is->mode == NFT_NAT && same_table(is, was) && is->s->timeout == was->s->timeout &&
	       is->s->netmask == was->s->netmask && find_chain(was, d->chain);
}

static void put_service(struct nft_text *t, const struct nft_service *is,
			const struct nft_service *was, const struct nft_slots *slots)
{
	if (is->persist[0])
		put_client_map(t, is);
	nft_put(t, "add chain %s %s\nflush chain %s %s\n", table_of(is), is->chain, table_of(is),
		is->chain);
	for (unsigned i = 0; i < is->dests.n; i++)
		if (is->dests.v[i].chain[0] && !chain_stands(is, was, &is->dests.v[i]))
			put_dest_chain(t, is, &is->dests.v[i]);
	if (is->mode == NFT_DR || is->persist[0])
		put_recalling(t, is, slots);
	else
		put_nat_simple(t, is, slots);
	if (!same_table(is, was))
		nft_put(t, "add element %s services%s { %s : goto %s }\n", table_of(is),
			is->map_suffix, is->key, is->chain);
}

static void put_chain_away(struct nft_text *t, const struct nft_service *was, const char *chain)
{
	const char *table = table_of(was);

	nft_put(t, "add chain %s %s\nflush chain %s %s\ndelete chain %s %s\n", table, chain, table,
		chain, table, chain);
}

static void put_rest_away(struct nft_text *t, const struct nft_service *was,
			  const struct nft_service *is)
{
	bool stays = same_table(was, is);

	if (!stays)
		nft_put(t,
			"delete element %s services%s { %s }\nadd chain %s %s\nflush chain %s %s\n",
			table_of(was), was->map_suffix, was->key, table_of(was), was->chain,
			table_of(was), was->chain);
	for (unsigned i = 0; i < was->dests.n; i++) {
		const char *chain = was->dests.v[i].chain;

		if (chain[0] && !(stays && find_chain(is, chain)))
			put_chain_away(t, was, chain);
	}
	if (!stays)
		nft_put(t, "delete chain %s %s\n", table_of(was), was->chain);
	if (was->persist[0] && !(stays && str_eq(was->persist, is->persist))) {
		put_client_map(t, was);
		nft_put(t, "delete map %s %s\n", table_of(was), was->persist);
	}
}

static bool masquerades(const struct nft_service *n)
{
	return n && n->mode == NFT_NAT && n->s->masquerade;
}

/* Whether the key is in the set. */
static void put_masquerading(struct nft_text *t, const struct nft_service *is,
			     const struct nft_service *was)
{
	const struct nft_service *any = is ? is : was;

	if (masquerades(is) || masquerades(was))
		nft_put(t, "add element inet " NFT_TABLE " masquerade%s { %s }\n",
			any->map_suffix, any->key);
	if (!masquerades(is) && masquerades(was))
		nft_put(t, "delete element inet " NFT_TABLE " masquerade%s { %s }\n",
			any->map_suffix, any->key);
}

void nft_render_service(struct nft_text *t, const struct nft_options *o, const struct service *old,
			const struct service *new)
{
	struct nft_service *was = old ? nft_service_new(old, o, t->a) : NULL;
	struct nft_service *is = new ? nft_service_new(new, o, t->a) : NULL;
	struct nft_slots slots = {0};

	if (is) {
		slots = nft_service_slots(is, t->a);
		put_service(t, is, was, &slots);
	}
	if (was)
		put_rest_away(t, was, is);
	put_masquerading(t, is, was);
}

/* ---- everything ---- */

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void nft_names_sort(struct nft_names *n)
{
	if (n->v.n)
		qsort(n->v.v, n->v.n, sizeof(*n->v.v), name_compare);
}

static bool names_have(const struct nft_names *n, const char *name)
{
	return n->v.n && bsearch(&name, n->v.v, n->v.n, sizeof(*n->v.v), name_compare);
}

static int link_compare(const void *a, const void *b)
{
	return ip_compare(&((const struct nft_link *)a)->addr, &((const struct nft_link *)b)->addr);
}

void nft_links_sort(struct nft_options *o)
{
	if (o->links.n)
		qsort(o->links.v, o->links.n, sizeof(*o->links.v), link_compare);
}

const struct nft_link *nft_link_find(const struct nft_options *o, const struct ip_addr *addr)
{
	const struct nft_link key = {.addr = *addr};

	return o->links.n ? bsearch(&key, o->links.v, o->links.n, sizeof(key), link_compare) : NULL;
}

static void names_gather(struct nft_present *wanted, const struct nft_service *n, struct arena *a)
{
	struct nft_names *chains = n->mode == NFT_DR ? &wanted->dr_chains : &wanted->nat_chains;
	struct nft_names *maps = n->mode == NFT_DR ? &wanted->dr_maps : &wanted->nat_maps;

	vec_push(a, &chains->v, n->chain);
	for (unsigned i = 0; i < n->dests.n; i++)
		if (n->dests.v[i].chain[0])
			vec_push(a, &chains->v, n->dests.v[i].chain);
	if (n->persist[0])
		vec_push(a, &maps->v, n->persist);
}

static struct nft_present wanted_names(const struct service_table *desired, struct arena *a)
{
	struct nft_present wanted = {0};

	for (unsigned i = 0; i < desired->services.n; i++)
		names_gather(&wanted, nft_service_new(&desired->services.v[i], NULL, a), a);
	nft_names_sort(&wanted.nat_chains);
	nft_names_sort(&wanted.nat_maps);
	nft_names_sort(&wanted.dr_chains);
	nft_names_sort(&wanted.dr_maps);
	return wanted;
}

static void put_stale_away(struct nft_text *t, const char *what, const char *family,
			   const struct nft_names *present, const struct nft_names *wanted)
{
	for (unsigned i = 0; i < present->v.n; i++) {
		const char *name = present->v.v[i];

		if (!names_have(wanted, name) && !nft_frame_has_chain(name) &&
		    (str_eq(what, "chain") || !nft_frame_has_map(name)))
			nft_put(t, "delete %s %s " NFT_TABLE " %s\n", what, family, name);
	}
}

/* An element of a map holds its chain, so the maps that lead on are emptied first. */
static void put_emptied(struct nft_text *t, const char *family, const struct nft_names *maps)
{
	nft_put(t, "add table %s " NFT_TABLE "\nflush table %s " NFT_TABLE "\n", family, family);
	for (unsigned i = 0; i < maps->v.n; i++)
		if (str_starts(maps->v.v[i], "services"))
			nft_put(t, "flush map %s " NFT_TABLE " %s\n", family, maps->v.v[i]);
}

void nft_render_start(struct nft_text *t, const struct nft_options *o,
		      const struct nft_present *present, const struct service_table *desired,
		      bool dr)
{
	struct nft_present wanted = wanted_names(desired, t->a);

	put_emptied(t, "inet", &present->nat_maps);
	put_stale_away(t, "chain", "inet", &present->nat_chains, &wanted.nat_chains);
	put_stale_away(t, "map", "inet", &present->nat_maps, &wanted.nat_maps);
	nft_frame_nat(t);
	if (dr) {
		put_emptied(t, "netdev", &present->dr_maps);
		put_stale_away(t, "chain", "netdev", &present->dr_chains, &wanted.dr_chains);
		put_stale_away(t, "map", "netdev", &present->dr_maps, &wanted.dr_maps);
		nft_frame_dr(t, o, present);
	} else {
		nft_put(t, "add table netdev " NFT_TABLE "\ndelete table netdev " NFT_TABLE "\n");
	}
	for (unsigned i = 0; i < desired->services.n; i++)
		nft_render_service(t, o, NULL, &desired->services.v[i]);
}

void nft_render_dr_frame(struct nft_text *t, const struct nft_options *o)
{
	nft_put(t, "add table netdev " NFT_TABLE "\n");
	nft_frame_dr(t, o, &(struct nft_present){0});
}

void nft_render_stop(struct nft_text *t, bool dr)
{
	nft_put(t, "add table inet " NFT_TABLE "\ndelete table inet " NFT_TABLE "\n");
	if (dr)
		nft_put(t, "add table netdev " NFT_TABLE "\ndelete table netdev " NFT_TABLE "\n");
}
