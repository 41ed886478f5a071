/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the order of services and destinations, and the way from the observed table to the desired
 * one. What must never happen on that way is a service that had a usable destination, will have
 * one, and has none in between: so everything that lets traffic in comes before everything that
 * keeps it out. Must not know: virtual servers, engines.
 */
#include "core/reconcile/services.h"

#include <stdlib.h>
#include <string.h>

#include "model/lvs.h"

#define FLAGS_COMPARED (LVS_ONEPACKET | LVS_SCHED1 | LVS_SCHED2 | LVS_SCHED3)

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int service_key_compare(const struct service_key *a, const struct service_key *b)
{
	int d;

	if ((d = order(a->family, b->family)) || (d = order(a->fwmark, b->fwmark)))
		return d;
	if (a->fwmark)
		return 0;
	if ((d = order(a->protocol, b->protocol)) ||
	    (d = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b))))
		return d;
	return order(a->port, b->port);
}

int dest_compare(const struct dest *a, const struct dest *b)
{
	int d;

	if ((d = order(a->addr.family, b->addr.family)) ||
	    (d = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b))))
		return d;
	return order(a->port, b->port);
}

/* ---- sorting ---- */

/* Total, so that of equal ones the same is first whatever the sorting function does. */
static int dest_sort_order(const void *pa, const void *pb)
{
	const struct dest *a = pa, *b = pb;
	int d = dest_compare(a, b);

	if (d || (d = order(b->weight, a->weight)) || (d = order(a->method, b->method)) ||
	    (d = order(a->tun_type, b->tun_type)))
		return d;
	return order(a->tun_port, b->tun_port);
}

static int service_sort_order(const void *pa, const void *pb)
{
	const struct service *a = pa, *b = pb;

	return service_key_compare(&a->key, &b->key);
}

void service_dests_sort(struct service *s)
{
	struct dest *v = s->dests.v;
	unsigned i = 1, n = 1;

	while (i < s->dests.n && dest_compare(&v[i - 1], &v[i]) < 0)
		i++;
	if (i >= s->dests.n)
		return;
	qsort(v, s->dests.n, sizeof(*v), dest_sort_order);
	for (i = 1; i < s->dests.n; i++)
		if (dest_compare(&v[n - 1], &v[i]))
			v[n++] = v[i];
	s->dests.n = n;
}

void service_table_sort(struct service_table *t)
{
	unsigned i = 1;

	for (unsigned k = 0; k < t->services.n; k++)
		service_dests_sort(&t->services.v[k]);
	while (i < t->services.n &&
	       service_key_compare(&t->services.v[i - 1].key, &t->services.v[i].key) <= 0)
		i++;
	if (i < t->services.n)
		qsort(t->services.v, t->services.n, sizeof(*t->services.v), service_sort_order);
}

/* ---- finding ---- */

/* Index of the first service not before `key`, from `from` on. */
static unsigned lower_bound(const struct service_table *t, const struct service_key *key,
			    unsigned from)
{
	unsigned n = t->services.n - from;

	while (n) {
		unsigned half = n / 2;

		if (service_key_compare(&t->services.v[from + half].key, key) < 0) {
			from += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return from;
}

static struct service *at_key(const struct service_table *t, const struct service_key *key,
			      unsigned i)
{
	if (i < t->services.n && service_key_compare(&t->services.v[i].key, key) == 0)
		return &t->services.v[i];
	return NULL;
}

const struct service *service_table_find(const struct service_table *t,
					 const struct service_key *key)
{
	return at_key(t, key, lower_bound(t, key, 0));
}

/* ---- difference ---- */

struct diff {
	struct arena *arena;
	service_changes in, idle, gone; /* the phases of destinations */
};

static bool service_same(const struct service *a, const struct service *b)
{
	if (strcmp(a->scheduler, b->scheduler) != 0 || ((a->flags ^ b->flags) & FLAGS_COMPARED) ||
	    a->timeout != b->timeout || a->masquerade != b->masquerade)
		return false;
	return !a->timeout || (a->netmask == b->netmask && strcmp(a->pe, b->pe) == 0);
}

static bool tunnel_same(const struct dest *a, const struct dest *b)
{
	if (a->method != LVS_TUN)
		return true;
	if (a->tun_type != b->tun_type)
		return false;
	if (a->tun_type == LVS_TUN_GUE && a->tun_port != b->tun_port)
		return false;
	return a->tun_type == LVS_TUN_IPIP || a->tun_flags == b->tun_flags;
}

static bool dest_same(const struct dest *a, const struct dest *b)
{
	return a->weight == b->weight && a->method == b->method && a->uthreshold == b->uthreshold &&
	       a->lthreshold == b->lthreshold && tunnel_same(a, b);
}

static void add(struct arena *a, service_changes *to, enum service_change_kind kind,
		const struct service *s, const struct dest *d)
{
	vec_push(a, to, ((struct service_change){.kind = kind, .service = s, .dest = d}));
}

static void diff_dest(struct diff *d, enum service_change_kind kind, const struct service *s,
		      const struct dest *dest)
{
	add(d->arena, dest->weight ? &d->in : &d->idle, kind, s, dest);
}

static void diff_dests(struct diff *d, const struct service *is, const struct service *want)
{
	unsigned i = 0, n = is ? is->dests.n : 0;

	for (unsigned k = 0; k < want->dests.n; k++) {
		const struct dest *w = &want->dests.v[k];
		int c = 1;

		while (i < n && (c = dest_compare(&is->dests.v[i], w)) < 0)
			add(d->arena, &d->gone, DEST_DEL, want, &is->dests.v[i++]);
		if (i == n || c > 0)
			diff_dest(d, DEST_ADD, want, w);
		else if (!dest_same(&is->dests.v[i++], w))
			diff_dest(d, DEST_SET, want, w);
	}
	while (i < n)
		add(d->arena, &d->gone, DEST_DEL, want, &is->dests.v[i++]);
}

static void append(struct arena *a, service_changes *to, const service_changes *more)
{
	for (unsigned i = 0; i < more->n; i++)
		vec_push(a, to, more->v[i]);
}

void services_diff(const struct service_table *observed, const struct service_table *desired,
		   const struct service_table *before, struct arena *a, service_changes *ret)
{
	struct diff d = {.arena = a};
	unsigned at = 0;

	for (unsigned i = 0; i < desired->services.n; i++) {
		const struct service *want = &desired->services.v[i], *is;

		at = lower_bound(observed, &want->key, at);
		is = at_key(observed, &want->key, at);
		if (!is)
			add(a, ret, SERVICE_ADD, want, NULL);
		else if (!service_same(is, want))
			add(a, ret, SERVICE_SET, want, NULL);
		diff_dests(&d, is, want);
	}
	append(a, ret, &d.in);
	append(a, ret, &d.idle);
	append(a, ret, &d.gone);
	for (unsigned i = 0; before && i < before->services.n; i++) {
		const struct service_key *key = &before->services.v[i].key;
		const struct service *is = service_table_find(observed, key);

		if (is && !service_table_find(desired, key))
			add(a, ret, SERVICE_DEL, is, NULL);
	}
}

/* ---- keeping a table ---- */

static void service_assign(struct service *to, const struct service *from, struct arena *a)
{
	struct dest *v = to->dests.v;
	unsigned cap = to->dests.cap;

	if (cap < from->dests.n) {
		cap = from->dests.n + from->dests.n / 4;
		v = arena_alloc(a, cap * sizeof(*v));
	}
	if (from->dests.n)
		memcpy(v, from->dests.v, from->dests.n * sizeof(*v));
	*to = *from;
	to->dests.v = v;
	to->dests.n = from->dests.n;
	to->dests.cap = cap;
}

void service_table_replace(struct service_table *t, const struct service_table *part,
			   struct arena *a)
{
	unsigned known = t->services.n;

	for (unsigned i = 0; i < part->services.n; i++) {
		const struct service *from = &part->services.v[i];
		struct service_table old = {.services = {.v = t->services.v, .n = known}};
		struct service *to = at_key(&old, &from->key, lower_bound(&old, &from->key, 0));

		if (!to) {
			to = vec_add(a, &t->services);
			*to = (struct service){0}; /* after a table was cut it is a used one */
		}
		service_assign(to, from, a);
	}
	if (t->services.n > known)
		service_table_sort(t);
}
