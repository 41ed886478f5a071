/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what is known of links and addresses, and which news are older than our own deeds.
 *
 * The kernel tells of a change of ours through the same queue as of everybody's, later than our
 * command returned. The picture is changed when the command is done; each deletion of ours is
 * counted until its echo came. While it is awaited, an address that is told as added is history.
 *
 * Callbacks may change the picture (batch_send from an event): no iterator is held across one.
 *
 * Must not know: sockets, message formats.
 */
#include "io/picture.h"

#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct node_link;

struct node_address {
	struct address_state a;
	struct node_address *hash_next, *prev, *next; /* prev, next: of the link, oldest first */
	struct node_link *link;
	uint32_t round;
	uint32_t deletions; /* of ours, whose echo is to come */
	bool present;
	bool fresh; /* put by us; what the kernel makes of its flags is no news */
};

struct node_link {
	struct link_state s;
	bool present; /* else: only the place of addresses */
	uint32_t round;
	struct node_link *hash_next;
	struct node_address *first, *last;
};

struct picture {
	struct node_address **addresses;
	struct node_link **links;
	size_t n_addresses, n_links;
	size_t addresses_mask, links_mask;
	struct node_address *spare; /* freed nodes, by .next */
	uint32_t round;
};

static void *zalloc_or_abort(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

struct picture *picture_new(void)
{
	struct picture *p = zalloc_or_abort(1, sizeof(*p));

	p->addresses_mask = 63;
	p->links_mask = 15;
	p->addresses = zalloc_or_abort(p->addresses_mask + 1, sizeof(*p->addresses));
	p->links = zalloc_or_abort(p->links_mask + 1, sizeof(*p->links));
	return p;
}

static size_t address_hash(uint32_t ifindex, const struct ip_addr *a)
{
	uint64_t hi, lo;

	memcpy(&hi, a->b, 8);
	memcpy(&lo, a->b + 8, 8);
	hi = (hi ^ ifindex) * 0x9e3779b97f4a7c15u;
	lo = (lo ^ hi >> 32 ^ a->family) * 0xff51afd7ed558ccdu;
	hi ^= lo;
	return (size_t)(hi ^ hi >> 29);
}

static struct node_address **address_bucket(const struct picture *p, uint32_t ifindex,
					    const struct ip_addr *a)
{
	return &p->addresses[address_hash(ifindex, a) & p->addresses_mask];
}

static struct node_address *address_find(const struct picture *p, const struct address_state *a)
{
	struct node_address *e = *address_bucket(p, a->ifindex, &a->addr);

	while (e && !(e->a.ifindex == a->ifindex && e->a.prefix == a->prefix &&
		      ip_equal(&e->a.addr, &a->addr) && ip_equal(&e->a.peer, &a->peer)))
		e = e->hash_next;
	return e;
}

static void addresses_grow(struct picture *p)
{
	size_t old = p->addresses_mask + 1;
	struct node_address **was = p->addresses;

	p->addresses_mask = 2 * old - 1;
	p->addresses = zalloc_or_abort(2 * old, sizeof(*p->addresses));
	for (size_t i = 0; i < old; i++)
		for (struct node_address *e = was[i], *next; e; e = next) {
			struct node_address **b = address_bucket(p, e->a.ifindex, &e->a.addr);

			next = e->hash_next;
			e->hash_next = *b;
			*b = e;
		}
	free(was);
}

static struct node_link *link_find(const struct picture *p, uint32_t index)
{
	struct node_link *l = p->links[index & p->links_mask];

	while (l && l->s.index != index)
		l = l->hash_next;
	return l;
}

static void links_grow(struct picture *p)
{
	size_t old = p->links_mask + 1;
	struct node_link **was = p->links;

	p->links_mask = 2 * old - 1;
	p->links = zalloc_or_abort(2 * old, sizeof(*p->links));
	for (size_t i = 0; i < old; i++)
		for (struct node_link *l = was[i], *next; l; l = next) {
			struct node_link **b = &p->links[l->s.index & p->links_mask];

			next = l->hash_next;
			l->hash_next = *b;
			*b = l;
		}
	free(was);
}

static struct node_link *link_get(struct picture *p, uint32_t index)
{
	struct node_link *l = link_find(p, index);

	if (l)
		return l;
	if (p->n_links > p->links_mask)
		links_grow(p);
	l = zalloc_or_abort(1, sizeof(*l));
	l->s.index = index;
	l->hash_next = p->links[index & p->links_mask];
	p->links[index & p->links_mask] = l;
	p->n_links++;
	return l;
}

static struct node_address *address_new(struct picture *p, const struct address_state *a)
{
	struct node_address *e = p->spare, **b;

	if (p->n_addresses > p->addresses_mask)
		addresses_grow(p);
	if (e)
		p->spare = e->next;
	else
		e = zalloc_or_abort(1, sizeof(*e));
	*e = (struct node_address){.a = *a, .link = link_get(p, a->ifindex), .round = p->round};
	b = address_bucket(p, a->ifindex, &a->addr);
	e->hash_next = *b;
	*b = e;
	e->prev = e->link->last;
	*(e->prev ? &e->prev->next : &e->link->first) = e;
	e->link->last = e;
	p->n_addresses++;
	return e;
}

static void address_drop(struct picture *p, struct node_address *e)
{
	struct node_address **b = address_bucket(p, e->a.ifindex, &e->a.addr);

	while (*b != e)
		b = &(*b)->hash_next;
	*b = e->hash_next;
	*(e->prev ? &e->prev->next : &e->link->first) = e->next;
	*(e->next ? &e->next->prev : &e->link->last) = e->prev;
	e->next = p->spare;
	p->spare = e;
	p->n_addresses--;
}

/* Drops a present address and tells it. */
static void address_lose(struct picture *p, struct node_address *e, const struct netlink_events *ev)
{
	struct address_state a = e->a;
	bool told = e->present;

	address_drop(p, e);
	if (told && ev->address)
		ev->address(ev->ctx, &a, true);
}

static void link_lose(struct picture *p, struct node_link *l, const struct netlink_events *ev)
{
	struct link_state s = l->s;
	struct node_link **b = &p->links[s.index & p->links_mask];
	bool told = l->present;

	l->present = false;
	while (l->first)
		address_lose(p, l->first, ev);
	b = &p->links[s.index & p->links_mask];
	while (*b != l)
		b = &(*b)->hash_next;
	*b = l->hash_next;
	p->n_links--;
	free(l);
	if (told && ev->link)
		ev->link(ev->ctx, &s, true);
}

void picture_mark(struct picture *p)
{
	p->round++;
	for (size_t i = 0; i <= p->addresses_mask; i++)
		for (struct node_address *e = p->addresses[i], *next; e; e = next) {
			next = e->hash_next;
			e->deletions = 0;
			if (!e->present)
				address_drop(p, e);
		}
}

static struct node_address *address_stale(const struct picture *p, size_t i)
{
	struct node_address *e = p->addresses[i];

	while (e && e->round == p->round)
		e = e->hash_next;
	return e;
}

static struct node_link *link_stale(const struct picture *p, size_t i)
{
	struct node_link *l = p->links[i];

	while (l && l->round == p->round)
		l = l->hash_next;
	return l;
}

void picture_sweep(struct picture *p, const struct netlink_events *ev)
{
	struct node_address *e;
	struct node_link *l;

	/* Losing one calls somebody who may add others and so move the rest: begin again then. */
	for (size_t i = 0, mask = p->addresses_mask; i <= mask; i++)
		while (i <= mask && (e = address_stale(p, i))) {
			address_lose(p, e, ev);
			if (mask != p->addresses_mask) {
				mask = p->addresses_mask;
				i = 0;
			}
		}
	for (size_t i = 0, mask = p->links_mask; i <= mask; i++)
		while (i <= mask && (l = link_stale(p, i))) {
			link_lose(p, l, ev);
			if (mask != p->links_mask) {
				mask = p->links_mask;
				i = 0;
			}
		}
}

static bool link_same(const struct link_state *a, const struct link_state *b)
{
	return str_eq(a->name, b->name) && a->up == b->up && a->noarp == b->noarp &&
	       a->loopback == b->loopback && a->multicast == b->multicast &&
	       a->mac_len == b->mac_len && memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	       a->mtu == b->mtu;
}

void picture_link(struct picture *p, const struct link_state *s, bool gone,
		  const struct netlink_events *ev)
{
	struct node_link *l = gone ? link_find(p, s->index) : link_get(p, s->index);
	bool news;

	if (gone) {
		if (l)
			link_lose(p, l, ev);
		return;
	}
	news = !l->present || !link_same(&l->s, s);
	l->present = true;
	l->round = p->round;
	l->s = *s;
	if (news && ev->link)
		ev->link(ev->ctx, &l->s, false);
}

static void address_update(struct node_address *e, const struct address_state *a,
			   const struct netlink_events *ev)
{
	bool news = !e->fresh && (e->a.flags != a->flags || e->a.scope != a->scope ||
				  e->a.proto != a->proto);

	e->a = *a;
	e->fresh = false;
	if (news && ev->address) {
		struct address_state copy = *a;

		ev->address(ev->ctx, &copy, false);
	}
}

void picture_address(struct picture *p, const struct address_state *a, bool gone,
		     const struct netlink_events *ev)
{
	struct node_address *e = address_find(p, a);

	if (gone) {
		if (e && e->deletions) {
			if (--e->deletions == 0 && !e->present)
				address_drop(p, e);
		} else if (e) {
			address_lose(p, e, ev);
		}
		return;
	}
	if (!e) {
		struct address_state copy = *a;

		address_new(p, a)->present = true;
		if (ev->address)
			ev->address(ev->ctx, &copy, false);
		return;
	}
	e->round = p->round;
	if (e->present)
		address_update(e, a, ev);
}

void picture_own(struct picture *p, const struct address_state *a, bool gone, bool echo)
{
	struct node_address *e = address_find(p, a);

	if (!e && gone && !echo)
		return;
	if (!e)
		e = address_new(p, a);
	e->present = !gone;
	e->fresh = !gone;
	if (!gone)
		e->a = *a;
	else if (echo)
		e->deletions++;
	if (!e->present && !e->deletions)
		address_drop(p, e);
}

const struct link_state *picture_link_by_name(const struct picture *p, const char *name)
{
	for (size_t i = 0; i <= p->links_mask; i++)
		for (const struct node_link *l = p->links[i]; l; l = l->hash_next)
			if (l->present && str_eq(l->s.name, name))
				return &l->s;
	return NULL;
}

const struct link_state *picture_link_by_index(const struct picture *p, uint32_t index)
{
	const struct node_link *l = link_find(p, index);

	return l && l->present ? &l->s : NULL;
}

bool picture_has_address(const struct picture *p, uint32_t ifindex, const struct ip_addr *a,
			 uint8_t prefix)
{
	const struct node_address *e = *address_bucket(p, ifindex, a);

	while (e && !(e->present && e->a.ifindex == ifindex && e->a.prefix == prefix &&
		      ip_equal(&e->a.addr, a)))
		e = e->hash_next;
	return e;
}

static bool link_each(const struct node_link *l,
		      bool (*fn)(void *ctx, const struct address_state *a), void *ctx)
{
	for (const struct node_address *e = l ? l->first : NULL; e; e = e->next)
		if (e->present && !fn(ctx, &e->a))
			return false;
	return true;
}

void picture_each(const struct picture *p, uint32_t ifindex,
		  bool (*fn)(void *ctx, const struct address_state *a), void *ctx)
{
	if (ifindex) {
		link_each(link_find(p, ifindex), fn, ctx);
		return;
	}
	for (size_t i = 0; i <= p->links_mask; i++)
		for (const struct node_link *l = p->links[i]; l; l = l->hash_next)
			if (!link_each(l, fn, ctx))
				return;
}

struct picture *picture_free(struct picture *p)
{
	struct netlink_events nobody = {0};

	if (!p)
		return NULL;
	for (size_t i = 0; i <= p->links_mask; i++)
		while (p->links[i])
			link_lose(p, p->links[i], &nobody);
	for (struct node_address *e = p->spare, *next; e; e = next) {
		next = e->next;
		free(e);
	}
	free(p->addresses);
	free(p->links);
	free(p);
	return NULL;
}
