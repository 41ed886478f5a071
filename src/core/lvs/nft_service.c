/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: how a service of the model maps onto names, keys and destinations of the nftables engine,
 * and which schedulers become which kind of table. Must not know the rules' text.
 *
 * Names say what they are of, so that somebody who lists the table finds his way:
 * svc-tcp-192.0.2.1-80, svc-udp-2001-db8--1-53, svc-mark4-7.
 */
#include "core/lvs/nft_service.h"

#include "base/buf.h"
#include "base/str.h"
#include "model/lvs.h"

#include <errno.h>
#include <limits.h>

/* ---- what can be forwarded ---- */

/* That of its first server with a weight. Where DR works no packet has a mark yet. */
static enum nft_mode mode_of(const struct service *s)
{
	const struct dest *first = NULL;

	if (s->key.fwmark)
		return NFT_NAT;
	for (unsigned i = 0; i < s->dests.n; i++) {
		const struct dest *d = &s->dests.v[i];

		if (d->method != LVS_NAT && d->method != LVS_DR)
			continue;
		if (!first || (first->weight == 0 && d->weight > 0))
			first = d;
	}
	return first && first->method == LVS_DR ? NFT_DR : NFT_NAT;
}

bool nft_service_is_dr(const struct service *s)
{
	return mode_of(s) == NFT_DR;
}

int nft_dest_check(const struct service *s, const struct dest *d)
{
	if (d->method != LVS_NAT && d->method != LVS_DR)
		return -EOPNOTSUPP;
	if (d->method != (mode_of(s) == NFT_DR ? LVS_DR : LVS_NAT))
		return -EOPNOTSUPP;
	if (d->addr.family != s->key.family)
		return -EOPNOTSUPP;
	return 0;
}

/* ---- schedulers ---- */

enum spread { SPREAD_TURNS, SPREAD_TURNS_EQUAL, SPREAD_HASH, SPREAD_FIRST };

static enum spread spread_of(const struct service *s)
{
	static const struct {
		const char *scheduler;
		enum spread spread;
	} table[] = {
		{"rr", SPREAD_TURNS_EQUAL}, {"lc", SPREAD_TURNS_EQUAL}, {"sh", SPREAD_HASH},
		{"mh", SPREAD_HASH},	    {"dh", SPREAD_HASH},	{"lblc", SPREAD_HASH},
		{"lblcr", SPREAD_HASH},	    {"fo", SPREAD_FIRST},	{"ovf", SPREAD_FIRST},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (str_eq(s->scheduler, table[i].scheduler))
			return table[i].spread;
	return SPREAD_TURNS;
}

bool nft_service_is_hashed(const struct nft_service *n)
{
	return spread_of(n->s) == SPREAD_HASH;
}

/* The heaviest; of equals the first. */
static unsigned candidates_first(struct nft_candidate *c, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (c[i].weight > c[0].weight)
			c[0] = c[i];
	return n ? 1 : 0;
}

struct nft_slots nft_service_slots(const struct nft_service *n, struct arena *a)
{
	struct nft_candidate *c = arena_alloc(a, (n->dests.n + 1) * sizeof(*c));
	enum spread spread = spread_of(n->s);
	unsigned count = 0;

	for (unsigned i = 0; i < n->dests.n; i++) {
		const struct nft_dest *d = &n->dests.v[i];

		if (d->d->weight && (n->mode == NFT_NAT || d->link))
			c[count++] = (struct nft_candidate){
				.id = d->id,
				.weight = spread == SPREAD_TURNS_EQUAL ? 1 : d->d->weight,
				.index = i,
			};
	}
	if (spread == SPREAD_FIRST)
		count = candidates_first(c, count);
	if (count > 1 &&
	    (spread == SPREAD_HASH || (n->mode == NFT_DR && !(n->s->flags & LVS_ONEPACKET))))
		return nft_slots_hashed(c, count, a);
	return nft_slots_turns(c, count, a);
}

/* ---- names ---- */

static const char *protocol_name(uint8_t protocol)
{
	return protocol == LVS_TCP ? "tcp" : protocol == LVS_UDP ? "udp" : "sctp";
}

/* Identifiers of nft have no colons. */
static void put_address(struct buf *b, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	ip_format(a, text);
	for (char *p = text; *p; p++)
		*p = *p == ':' ? '-' : *p;
	buf_printf(b, "%s", text);
}

static void names_make(struct nft_service *n)
{
	const struct service_key *k = &n->s->key;
	struct buf chain = BUF_ON(n->chain), suffix = BUF_ON(n->map_suffix), key = BUF_ON(n->key);
	struct buf persist = BUF_ON(n->persist), transport = BUF_ON(n->transport);
	char text[IP_TEXT_MAX];

	buf_printf(&suffix, "%u%s", k->family, k->fwmark ? "-mark" : k->port ? "" : "-any");
	if (k->fwmark) {
		buf_printf(&chain, "svc-mark%u-%u", k->family, k->fwmark);
		buf_printf(&key, "%u", k->fwmark);
		buf_printf(&transport, "meta l4proto { tcp, udp, sctp } ");
	} else {
		buf_printf(&chain, "svc-%s-", protocol_name(k->protocol));
		put_address(&chain, &k->addr);
		buf_printf(&key, "%s . %s", ip_format(&k->addr, text), protocol_name(k->protocol));
		buf_printf(&transport, "meta l4proto %s ", protocol_name(k->protocol));
	}
	if (!k->fwmark && k->port) {
		buf_printf(&chain, "-%u", k->port);
		buf_printf(&key, " . %u", k->port);
	} else if (!k->fwmark) {
		buf_printf(&chain, "-any");
	}
	buf_text(&suffix);
	buf_text(&key);
	buf_text(&transport);
	if (n->s->timeout)
		buf_printf(&persist, "clients-%s", buf_text(&chain) + strlen("svc-"));
	buf_text(&chain);
	buf_text(&persist);
}

/* ---- destinations ---- */

static uint32_t hash_bytes(uint32_t h, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

/* By address and port only: weights and time must not change it. */
static uint32_t id_of(const struct nft_service *n, const struct dest *d, bool unique)
{
	uint32_t id = hash_bytes(2166136261u, d->addr.b, ip_len(&d->addr));

	if (n->mode == NFT_NAT)
		id = hash_bytes(id, &(uint8_t[2]){(uint8_t)(d->port >> 8), (uint8_t)d->port}, 2);
	id = id ? id : 1;
	for (unsigned i = 0; unique && i < n->dests.n; i++)
		if (n->dests.v[i].id == id) {
			id = id + 1 ? id + 1 : 1;
			i = UINT_MAX; /* from the start */
		}
	return id;
}

/* IPVS leaves the port alone where the service has none, and for persistent clients of a mark. */
static uint16_t port_of(const struct service *s, const struct dest *d)
{
	if (s->timeout && (s->key.fwmark || !s->key.port))
		return 0;
	return d->port ? d->port : s->key.port;
}

/* Some to a port of their own, others to that which the client asked. */
static bool has_mixed_ports(const struct service *s)
{
	unsigned with = 0, without = 0;

	for (unsigned i = 0; i < s->dests.n; i++)
		if (nft_dest_check(s, &s->dests.v[i]) == 0)
			port_of(s, &s->dests.v[i]) ? with++ : without++;
	return with && without;
}

static void dest_add(struct nft_service *n, const struct dest *d, const struct nft_options *o,
		     struct arena *a)
{
	bool chained = n->mode == NFT_DR || n->persist[0] || n->apart;
	uint32_t id = id_of(n, d, chained);
	struct nft_dest *r = vec_add(a, &n->dests);
	struct buf chain = BUF_ON(r->chain);

	r->d = d;
	r->id = id;
	r->port = n->mode == NFT_NAT ? port_of(n->s, d) : 0;
	if (n->mode == NFT_DR && o)
		r->link = nft_link_find(o, &d->addr);
	if (chained)
		buf_printf(&chain, "%s-%08x", n->chain, id);
	buf_text(&chain);
}

struct nft_service *nft_service_new(const struct service *s, const struct nft_options *o,
				    struct arena *a)
{
	struct nft_service *n = arena_new_of(a, struct nft_service);

	n->s = s;
	n->mode = mode_of(s);
	n->v6 = s->key.family == IP_V6;
	n->apart = n->v6 && n->mode == NFT_NAT && !s->timeout && has_mixed_ports(s);
	names_make(n);
	for (unsigned i = 0; i < s->dests.n; i++)
		if (nft_dest_check(s, &s->dests.v[i]) == 0)
			dest_add(n, &s->dests.v[i], o, a);
	return n;
}
