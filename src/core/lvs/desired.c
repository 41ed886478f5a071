/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the destinations of the kernel services: who receives how much now. Built anew on demand,
 * of all services or of those whose virtual servers changed; lists come out sorted because the
 * servers of a virtual server are kept in order. Must not know: what is in the kernel.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/lvs/internal.h"
#include "core/reconcile/services.h"

static const char *scheduler_name(uint8_t scheduler)
{
	static const char *const names[] = {[LVS_SCHED_NONE] = "wlc",
#define X(id, name, help) [LVS_SCHED_##id] = name,
					    LVS_SCHEDULERS(X)
#undef X
	};

	return scheduler < ARRAY_SIZE(names) ? names[scheduler] : "wlc";
}

/* ---- one destination ---- */

void lvs_dest_method(struct dest *d, const struct conf_forwarding *f)
{
	if (!f)
		return;
	d->method = f->method;
	if (f->method != LVS_TUN)
		return;
	d->tun_type = f->tun_type;
	d->tun_port = f->tun_type == LVS_TUN_GUE ? f->tun_port : 0;
	d->tun_flags = f->tun_type == LVS_TUN_IPIP ? 0 : f->tun_flags;
}

/* Without address translation the packet keeps its port: that of the service. */
static void dest_port(struct dest *d, const struct lvs_slot *slot)
{
	if (d->method != LVS_NAT)
		d->port = slot->key.port;
}

/* Only a tunnel leads to another family. */
static bool dest_fits(const struct dest *d, const struct lvs_slot *slot)
{
	return d->method == LVS_TUN || d->addr.family == slot->key.family;
}

static struct dest dest_of_server(const struct conf_real_server *rs, uint32_t weight)
{
	struct dest d = {.addr = rs->addr,
			 .port = rs->port,
			 .weight = weight,
			 .uthreshold = rs->uthreshold,
			 .lthreshold = rs->lthreshold};

	lvs_dest_method(&d, rs->method);
	return d;
}

/* ---- destinations of one virtual server in one service ---- */

static void add_servers(const struct lvs *l, const struct lvs_slot *slot, uint32_t vs,
			struct service *ret)
{
	unsigned n = lvs_vs(l, vs)->rs.n;

	for (unsigned i = 0; i < n; i++) {
		uint32_t rs = l->services[vs].sorted[i], weight;
		struct dest d;

		if (!lvs_server_wanted(l, rs, &weight))
			continue;
		d = dest_of_server(lvs_rs(l, rs), weight);
		dest_port(&d, slot);
		if (dest_fits(&d, slot))
			ret->dests.v[ret->dests.n++] = d;
	}
}

/* Puts `d` into a sorted list; one with its address and port only gives way when told. */
static void insert(struct service *s, const struct dest *d, bool replace)
{
	unsigned at = 0, n = s->dests.n;

	while (n) {
		unsigned half = n / 2;

		if (dest_compare(&s->dests.v[at + half], d) < 0) {
			at += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	if (at < s->dests.n && dest_compare(&s->dests.v[at], d) == 0) {
		if (replace)
			s->dests.v[at] = *d;
		return;
	}
	memmove(&s->dests.v[at + 1], &s->dests.v[at], (s->dests.n - at) * sizeof(*d));
	s->dests.v[at] = *d;
	s->dests.n++;
}

static void add_ghosts(const struct lvs *l, const struct lvs_slot *slot, uint32_t vs,
		       struct service *ret)
{
	for (unsigned i = 0; i < l->services[vs].ghosts.n; i++) {
		struct dest d = l->services[vs].ghosts.v[i].dest;

		dest_port(&d, slot);
		if (dest_fits(&d, slot))
			insert(ret, &d, false);
	}
}

/* A sorry server that is a real server, too, is that one while it is not needed. */
static void add_sorry(const struct lvs *l, const struct lvs_slot *slot, uint32_t vs,
		      struct service *ret)
{
	const struct conf_virtual_server *conf = lvs_vs(l, vs);
	bool active = l->services[vs].sorry;
	struct dest d = {.weight = active};

	if (!conf->sorry || !(active || conf->sorry_inhibit))
		return;
	d.addr = conf->sorry->addr;
	d.port = conf->sorry->port;
	lvs_dest_method(&d, conf->sorry_method ? conf->sorry_method : conf->method);
	dest_port(&d, slot);
	if (dest_fits(&d, slot))
		insert(ret, &d, active);
}

/* ---- a service ---- */

static uint32_t netmask(const struct conf_virtual_server *vs, uint8_t family)
{
	if (vs->granularity_family == family)
		return vs->granularity;
	return family == IP_V6 ? 128 : UINT32_MAX;
}

static void service_head(const struct conf_virtual_server *vs, const struct lvs_slot *slot,
			 struct service *ret)
{
	*ret = (struct service){.key = slot->key,
				.flags = vs->flags,
				.timeout = vs->persistence_timeout,
				.masquerade = vs->masquerade,
				.netmask = netmask(vs, slot->key.family),
				.vs = vs->id};
	str_copy(ret->scheduler, sizeof(ret->scheduler), scheduler_name(vs->scheduler));
	if (vs->persistence_engine)
		str_copy(ret->pe, sizeof(ret->pe), vs->persistence_engine);
}

static unsigned most_dests(const struct lvs *l, const struct lvs_slot *slot)
{
	unsigned n = 0;

	for (unsigned i = 0; i < slot->n; i++) {
		uint32_t vs = l->owners[slot->first + i];

		n += lvs_vs(l, vs)->rs.n + l->services[vs].ghosts.n + 1;
	}
	return n;
}

/* The destinations of one owner are sorted before sorry server and ghosts go in between; those of
 * several are put together then. */
static void service_make(const struct lvs *l, const struct lvs_slot *slot, struct arena *a,
			 struct service *ret)
{
	unsigned cap = most_dests(l, slot), done = 0;
	struct dest *v = arena_alloc(a, cap * sizeof(*v));

	service_head(lvs_vs(l, l->owners[slot->first]), slot, ret);
	for (unsigned i = 0; i < slot->n; i++) {
		uint32_t vs = l->owners[slot->first + i];
		struct service one = {.dests = {.v = v + done, .cap = cap - done}};

		add_servers(l, slot, vs, &one);
		service_dests_sort(&one);
		add_ghosts(l, slot, vs, &one);
		add_sorry(l, slot, vs, &one);
		done += one.dests.n;
	}
	ret->dests.v = v;
	ret->dests.n = done;
	ret->dests.cap = cap;
	service_dests_sort(ret);
}

/* ---- tables ---- */

static void clean(struct lvs *l)
{
	for (unsigned i = 0; i < l->n_dirty; i++)
		l->services[l->dirty[i]].dirty = false;
	l->n_dirty = 0;
	l->all_dirty = false;
}

bool lvs_is_dirty(const struct lvs *l)
{
	return l->all_dirty || l->n_dirty > 0;
}

void lvs_desired(struct lvs *l, struct arena *a, struct service_table *ret)
{
	unsigned n = l->stopped ? 0 : l->n_slots;

	lvs_release(l);
	*ret = (struct service_table){0};
	ret->services.v = arena_alloc(a, n * sizeof(*ret->services.v));
	ret->services.n = ret->services.cap = n;
	for (unsigned i = 0; i < n; i++)
		service_make(l, &l->slots[i], a, &ret->services.v[i]);
	clean(l);
}

static int index_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

/* Numbers of the slots of all changed virtual servers, each once, in order. */
static unsigned dirty_slots(struct lvs *l, struct arena *a, uint32_t **ret)
{
	unsigned n = 0, most = 0;

	for (unsigned i = 0; i < l->n_dirty; i++)
		most += l->services[l->dirty[i]].n_slots;
	*ret = arena_alloc(a, most * sizeof(**ret));
	for (unsigned i = 0; i < l->n_dirty; i++) {
		const struct lvs_service *s = &l->services[l->dirty[i]];

		for (unsigned k = 0; k < s->n_slots; k++) {
			if (l->slots[s->slots[k]].dirty)
				continue;
			l->slots[s->slots[k]].dirty = true;
			(*ret)[n++] = s->slots[k];
		}
	}
	if (n > 1)
		qsort(*ret, n, sizeof(**ret), index_order);
	return n;
}

bool lvs_desired_changed(struct lvs *l, struct arena *a, struct service_table *ret)
{
	uint32_t *slots;
	unsigned n;

	if (l->all_dirty)
		return false;
	n = dirty_slots(l, a, &slots);
	*ret = (struct service_table){0};
	ret->services.v = arena_alloc(a, n * sizeof(*ret->services.v));
	ret->services.n = ret->services.cap = n;
	for (unsigned i = 0; i < n; i++) {
		service_make(l, &l->slots[slots[i]], a, &ret->services.v[i]);
		l->slots[slots[i]].dirty = false;
	}
	clean(l);
	return true;
}
