/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: a model of the kernel's tables. Each request must make sense (nothing added twice, nothing
 * changed or deleted that is not there), and a service that has a usable destination before and
 * after a series of requests has one after each of them. Some services are somebody else's.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/lvs_sim.h"

#define FOREIGN_PORT 8443

bool lvs_kernel_is_foreign(const struct service_key *key)
{
	return key->port == FOREIGN_PORT;
}

void lvs_kernel_foreign(struct lvs_sim *s)
{
	for (unsigned i = 0; i < 2; i++) {
		struct service *f = vec_add(s->kernel_arena, &s->kernel.services);
		struct dest *d = vec_add(s->kernel_arena, &f->dests);

		f->key = (struct service_key){.family = IP_V4,
					      .protocol = LVS_TCP,
					      .port = FOREIGN_PORT,
					      .addr = lvs_conf_ip(i ? "10.0.0.9" : "10.0.0.1")};
		f->vs = CONF_NONE;
		strcpy(f->scheduler, "rr");
		d->addr = lvs_conf_ip("192.0.2.1");
		d->port = 80;
		d->weight = 3;
	}
}

static void check_foreign(struct lvs_sim *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->kernel.services.n; i++) {
		const struct service *f = &s->kernel.services.v[i];

		if (lvs_kernel_is_foreign(&f->key) && f->dests.n == 1 &&
		    f->dests.v[0].weight == 3 && strcmp(f->scheduler, "rr") == 0)
			n++;
	}
	if (n != 2)
		lvs_sim_fail(s, "somebody else's service was touched");
}

/* ---- requests ---- */

static struct service *find(struct lvs_sim *s, const struct service_key *key)
{
	for (unsigned i = 0; i < s->kernel.services.n; i++)
		if (service_key_compare(&s->kernel.services.v[i].key, key) == 0)
			return &s->kernel.services.v[i];
	return NULL;
}

static struct dest *find_dest(struct service *k, const struct dest *d)
{
	for (unsigned i = 0; k && i < k->dests.n; i++)
		if (dest_compare(&k->dests.v[i], d) == 0)
			return &k->dests.v[i];
	return NULL;
}

static void head_copy(struct service *to, const struct service *from)
{
	struct service head = *from;

	head.dests.v = to->dests.v;
	head.dests.n = to->dests.n;
	head.dests.cap = to->dests.cap;
	*to = head;
}

static bool request_service(struct lvs_sim *s, const struct service_change *c, struct service *k)
{
	switch (c->kind) {
	case SERVICE_ADD:
		if (k)
			return false;
		k = vec_add(s->kernel_arena, &s->kernel.services);
		*k = (struct service){0};
		head_copy(k, c->service);
		return true;
	case SERVICE_SET:
		if (k)
			head_copy(k, c->service);
		return k;
	case SERVICE_DEL:
		if (k)
			*k = s->kernel.services.v[--s->kernel.services.n];
		return k;
	case DEST_ADD:
	case DEST_SET:
	case DEST_DEL:
	default:
		return false;
	}
}

static bool request_dest(struct lvs_sim *s, const struct service_change *c, struct service *k)
{
	struct dest *d = find_dest(k, c->dest);

	if (c->dest->weight > INT32_MAX)
		return false;
	switch (c->kind) {
	case DEST_ADD:
		if (k && !d)
			vec_push(s->kernel_arena, &k->dests, *c->dest);
		return k && !d;
	case DEST_SET:
		if (d)
			*d = *c->dest;
		return d;
	case DEST_DEL:
		if (d)
			*d = k->dests.v[--k->dests.n];
		return d;
	case SERVICE_ADD:
	case SERVICE_SET:
	case SERVICE_DEL:
	default:
		return false;
	}
}

static bool is_usable(const struct service *k)
{
	for (unsigned i = 0; k && i < k->dests.n; i++)
		if (k->dests.v[i].weight)
			return true;
	return false;
}

void lvs_kernel_apply(struct lvs_sim *s, const service_changes *c,
		      const struct service_table *desired)
{
	bool *kept = calloc(c->n + 1, sizeof(*kept));

	for (unsigned i = 0; i < c->n; i++)
		kept[i] = is_usable(find(s, &c->v[i].service->key)) &&
			  is_usable(service_table_find(desired, &c->v[i].service->key));
	for (unsigned i = 0; i < c->n && !s->failed; i++) {
		const struct service_change *x = &c->v[i];
		struct service *k = find(s, &x->service->key);
		bool ok = x->dest ? request_dest(s, x, k) : request_service(s, x, k);

		s->changes++;
		lvs_sim_trace(s, "  kernel: request %d port %u dest .%u weight %u", x->kind,
			      x->service->key.port, x->dest ? x->dest->addr.b[3] : 0,
			      x->dest ? x->dest->weight : 0);
		if (!ok)
			lvs_sim_fail(s, "request %d of kind %d makes no sense", i, x->kind);
		else if (kept[i] && !is_usable(find(s, &x->service->key)))
			lvs_sim_fail(s, "a service is empty on the way");
	}
	free(kept);
	check_foreign(s);
}
