/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: finding instances that can't be told apart on the wire. Instances are hashed by family,
 * VRID and interface, so that only a handful of pairs are compared however many there are.
 */
#include "conf/complete.h"

struct vrid_entry {
	const struct conf_instance *vi;
	struct vrid_entry *next;
};

static uint32_t hash_instance(const struct conf_instance *vi)
{
	uint32_t h =
		2166136261u ^ vi->vrid ^ (uint32_t)vi->family << 8 ^ (vi->peers.n ? 1u << 16 : 0);

	for (const char *s = vi->interface ? vi->interface : ""; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h * 2654435761u >> 7;
}

static bool peers_overlap(const struct conf_instance *a, const struct conf_instance *b)
{
	for (unsigned i = 0; i < a->peers.n; i++)
		for (unsigned k = 0; k < b->peers.n; k++)
			if (ip_equal(&a->peers.v[i]->addr, &b->peers.v[k]->addr))
				return true;
	return false;
}

static bool instances_clash(const struct conf_instance *a, const struct conf_instance *b)
{
	if (a->vrid != b->vrid || a->family != b->family || !str_eq0(a->interface, b->interface) ||
	    !a->peers.n != !b->peers.n)
		return false;
	if (!a->peers.n)
		return ip_equal(&a->group_addr, &b->group_addr);
	return ip_equal(&a->src, &b->src) && peers_overlap(a, b);
}

static void report_clash(struct complete *c, const struct conf_instance *a, struct conf_instance *b)
{
	bool changes = c->conf->global.allow_if_changes;
	struct diag *d;

	if (a->peers.n)
		d = diag_add(c->diags, DIAG_FATAL, "duplicate-vrid", b->block.at,
			     "%s and %s both use VRID %u from one address with a common peer: "
			     "duplicate VRID conflict",
			     a->name, b->name, b->vrid);
	else
		d = diag_add(c->diags, changes ? DIAG_ERROR : DIAG_FATAL, "duplicate-vrid",
			     b->block.at, "%s and %s both use VRID %u with IPv%u on interface %s",
			     a->name, b->name, b->vrid, b->family,
			     b->interface ? b->interface : "(none)");
	d->hint = "each virtual router on a network needs its own virtual_router_id";
	if (!a->peers.n && changes)
		b->disabled = arena_printf(c->a, "it uses the VRID of %s", a->name);
}

void complete_vrids(struct complete *c)
{
	unsigned n = c->conf->instances.n, size = 8;
	struct vrid_entry **buckets, *entries;

	while (size < n * 2)
		size *= 2;
	buckets = arena_alloc(c->a, size * sizeof(*buckets));
	entries = arena_alloc(c->a, n * sizeof(*entries));
	for (unsigned i = 0; i < n; i++) {
		struct conf_instance *vi = c->conf->instances.v[i];
		struct vrid_entry **head = &buckets[hash_instance(vi) & (size - 1)], *e;

		if (!vi->vrid)
			continue; /* said already */
		for (e = *head; e; e = e->next)
			if (instances_clash(e->vi, vi)) {
				report_clash(c, e->vi, vi);
				break;
			}
		entries[i] = (struct vrid_entry){vi, *head};
		*head = &entries[i];
	}
}
