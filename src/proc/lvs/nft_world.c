/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what DR depends on and what changes by itself: the interfaces where packets come in and the
 * ways to the servers, as the kernel says them, and what the log has said of servers without a way.
 * Must not know the rules that are made of it.
 */
#include <stdlib.h>

#include "core/lvs/nft_ruleset.h"
#include "io/log.h"
#include "io/nft_lvs.h"
#include "proc/lvs/nft_world.h"

static int address_compare(const void *a, const void *b)
{
	return ip_compare(a, b);
}

/* `link` NULL: there is no way. Said when it changes. */
static void way_tell(struct nft_world *w, const struct ip_addr *addr, const struct nft_link *link)
{
	char text[IP_TEXT_MAX];
	unsigned i = 0;

	while (i < w->told.n && !ip_equal(&w->told.v[i], addr))
		i++;
	if (!link && i == w->told.n) {
		vec_push(w->told_arena, &w->told, *addr);
		log_warning("DR server [%s] gets nothing: by the routing table it is no neighbour",
			    ip_format(addr, text));
	} else if (link && i < w->told.n) {
		w->told.v[i] = w->told.v[--w->told.n];
		log_notice("DR server [%s] is a neighbour now", ip_format(addr, text));
	}
}

/* Looks for the ways to the DR servers of these services that are not known. */
static void links_add(struct nft_world *w, struct nft_options *world, struct arena *a,
		      const struct service *const *services, unsigned n)
{
	unsigned known = world->links.n;
	VEC(struct ip_addr) new = {0};

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; nft_service_is_dr(services[i]) && k < services[i]->dests.n;
		     k++)
			if (!nft_link_find(world, &services[i]->dests.v[k].addr))
				vec_push(a, &new, services[i]->dests.v[k].addr);
	if (!new.n)
		return;
	qsort(new.v, new.n, sizeof(*new.v), address_compare);
	for (unsigned i = 0; i < new.n; i++) {
		struct nft_link link;
		bool found;

		if (i && ip_equal(&new.v[i], &new.v[i - 1]))
			continue;
		found = nft_lvs_link(w->nft, &new.v[i], a, &link) == 0;
		if (found)
			vec_push(a, &world->links, link);
		way_tell(w, &new.v[i], found ? &link : NULL);
	}
	if (world->links.n > known)
		nft_links_sort(world);
}

void nft_world_look(struct nft_world *w, const struct service_table *t, struct arena *a,
		    struct nft_options *ret)
{
	const struct service **services = arena_alloc(a, (t->services.n + 1) * sizeof(*services));

	*ret = (struct nft_options){0};
	(void)nft_lvs_devices(w->nft, a, ret);
	for (unsigned i = 0; i < t->services.n; i++)
		services[i] = &t->services.v[i];
	links_add(w, ret, a, services, t->services.n);
}

void nft_world_take(struct nft_world *w, struct arena *a, const struct nft_options *now)
{
	arena_free(w->arena);
	w->arena = a;
	w->now = *now;
}

void nft_world_renew(struct nft_world *w, const struct service_table *t)
{
	struct arena *a = arena_new();
	struct nft_options now;

	nft_lvs_heed(w->nft);
	nft_world_look(w, t, a, &now);
	nft_world_take(w, a, &now);
}

void nft_world_add(struct nft_world *w, const struct service *s)
{
	links_add(w, &w->now, w->arena, &s, 1);
}

static bool links_equal(const struct nft_link *a, const struct nft_link *b)
{
	return a == b || (a && b && a->local == b->local && a->ifindex == b->ifindex);
}

bool nft_world_ways_equal(const struct service *s, const struct nft_options *a,
			  const struct nft_options *b)
{
	for (unsigned i = 0; i < s->dests.n; i++) {
		const struct ip_addr *addr = &s->dests.v[i].addr;

		if (!links_equal(nft_link_find(a, addr), nft_link_find(b, addr)))
			return false;
	}
	return true;
}

static bool serves(const struct service_table *t, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < t->services.n; i++) {
		const struct service *s = &t->services.v[i];

		for (unsigned k = 0; nft_service_is_dr(s) && k < s->dests.n; k++)
			if (ip_equal(&s->dests.v[k].addr, addr))
				return true;
	}
	return false;
}

unsigned nft_world_wayless(const struct nft_world *w, const struct service_table *t,
			   struct ip_addr *ret_first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->told.n; i++)
		if (serves(t, &w->told.v[i]) && n++ == 0)
			*ret_first = w->told.v[i];
	return n;
}

void nft_world_init(struct nft_world *w, struct nft_lvs *nft)
{
	*w = (struct nft_world){.nft = nft, .told_arena = arena_new()};
}

void nft_world_done(struct nft_world *w)
{
	arena_free(w->arena);
	arena_free(w->told_arena);
}
