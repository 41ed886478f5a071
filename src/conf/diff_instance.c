/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what becomes of instances and of their addresses. An instance is known by what it is on the
 * wire, so that two that swap their VRIDs keep their roles and their addresses merely move.
 */
#include "conf/diff.h"

#include <stdlib.h>

/* ---- matching ---- */

static bool same_router(const struct conf_instance *a, const struct conf_instance *b)
{
	if (a->vrid != b->vrid || a->family != b->family || !str_eq0(a->interface, b->interface) ||
	    !a->peers.n != !b->peers.n || !a->vmac != !b->vmac)
		return false;
	return a->peers.n ? ip_equal(&a->src, &b->src) : ip_equal(&a->group_addr, &b->group_addr);
}

static int router_order(const void *x, const void *y)
{
	const struct conf_instance *a = *(const struct conf_instance *const *)x;
	const struct conf_instance *b = *(const struct conf_instance *const *)y;
	int r = strcmp(a->interface ? a->interface : "", b->interface ? b->interface : "");

	if (r)
		return r;
	if (a->vrid != b->vrid)
		return a->vrid < b->vrid ? -1 : 1;
	return a->family < b->family ? -1 : a->family > b->family;
}

static uint32_t *no_ids(struct arena *a, unsigned n)
{
	uint32_t *ids = arena_alloc(a, n * sizeof(*ids));

	for (unsigned i = 0; i < n; i++)
		ids[i] = CONF_NONE;
	return ids;
}

static const struct conf_instance **sorted_instances(struct arena *a, const struct conf *conf)
{
	const struct conf_instance **v = arena_alloc(a, conf->instances.n * sizeof(*v));

	for (unsigned i = 0; i < conf->instances.n; i++)
		v[i] = conf->instances.v[i];
	if (conf->instances.n)
		qsort(v, conf->instances.n, sizeof(*v), router_order);
	return v;
}

struct instance_match diff_match(struct diff *d)
{
	unsigned n_old = d->from->instances.n, n_new = d->to->instances.n, k = 0;
	const struct conf_instance **old = sorted_instances(d->a, d->from),
				   **new = sorted_instances(d->a, d->to);
	struct instance_match m = {
		.new_of = no_ids(d->a, n_old),
		.old_of = no_ids(d->a, n_new),
		.changed = arena_alloc(d->a, n_new + 1),
		.leads = no_ids(d->a, d->to->groups.n),
	};

	for (unsigned i = 0; i < n_old; i++) {
		while (k < n_new && router_order(&new[k], &old[i]) < 0)
			k++;
		for (unsigned j = k; j < n_new && router_order(&new[j], &old[i]) == 0; j++)
			if (m.old_of[new[j]->id] == CONF_NONE && same_router(old[i], new[j])) {
				m.new_of[old[i]->id] = new[j]->id;
				m.old_of[new[j]->id] = old[i]->id;
				break;
			}
	}
	return m;
}

/* ---- instances ---- */

static bool skip_in_instance(const struct row *row)
{
	return row->flags & ROW_POSITIONAL || str_eq(row->name, "virtual_ipaddress") ||
	       str_eq(row->name, "virtual_ipaddress_excluded");
}

static int name_order(const void *x, const void *y)
{
	return strcmp((*(const struct conf_instance *const *)x)->name,
		      (*(const struct conf_instance *const *)y)->name);
}

/* Old instances that matched nothing, by name: they were renumbered rather than removed. */
static const struct conf_instance *unmatched_of_name(const struct conf_instance **old, unsigned n,
						     const struct conf_instance *like)
{
	const struct conf_instance **found =
		n ? bsearch(&like, old, n, sizeof(*old), name_order) : NULL;

	return found ? *found : NULL;
}

static const struct conf_instance **unmatched_old(struct diff *d, const struct instance_match *m,
						  unsigned *n)
{
	const struct conf_instance **v = arena_alloc(d->a, d->from->instances.n * sizeof(*v));

	*n = 0;
	for (unsigned i = 0; i < d->from->instances.n; i++)
		if (m->new_of[i] == CONF_NONE)
			v[(*n)++] = d->from->instances.v[i];
	if (*n)
		qsort(v, *n, sizeof(*v), name_order);
	return v;
}

static bool tells_deletion(const struct conf_instance *old)
{
	return old->notify.notify_deleted;
}

/* What scripts get is what pages people. */
static void restarts(struct diff *d, struct instance_match *m, const struct conf_instance *old,
		     const struct conf_instance *new, const char *object)
{
	if (!diff_rows(d, &schema_vrrp_instance, old, new, object, skip_in_instance))
		diff_item(d, PLAN_RESTART, object, "its family or destination changes (restarts)");
	diff_item(d, PLAN_RESTART, object,
		  arena_printf(d->a, "a MASTER leaves with priority 0; its scripts get %sBACKUP, then what "
				     "the election makes of it",
			       tells_deletion(old) ? "DELETED, " : ""));
	if (new->group != CONF_NONE && old->group != CONF_NONE && m->leads[new->group] == CONF_NONE)
		m->leads[new->group] = new->id;
}

/* All of a group or none: who goes on leaves MASTER with the one that starts anew. */
void diff_groups(struct diff *d, struct instance_match *m)
{
	for (unsigned g = 0; g < d->to->groups.n; g++)
		if (m->leads[g] != CONF_NONE)
			diff_item(d, PLAN_RESTART,
				  arena_printf(d->a, "vrrp_sync_group %s", d->to->groups.v[g]->name),
				  arena_printf(d->a, "if it is MASTER, all of it leaves with %s and is "
						     "elected anew",
					       d->to->instances.v[m->leads[g]]->name));
}

void diff_instances(struct diff *d, struct instance_match *m)
{
	unsigned n_gone;
	const struct conf_instance **gone = unmatched_old(d, m, &n_gone);
	bool *reused = arena_alloc(d->a, d->from->instances.n + 1);

	for (unsigned i = 0; i < d->to->instances.n; i++) {
		const struct conf_instance *new = d->to->instances.v[i], *old;
		const char *object = arena_printf(d->a, "vrrp_instance %s", new->name);

		if (m->old_of[i] != CONF_NONE) {
			old = d->from->instances.v[m->old_of[i]];
			m->changed[i] = diff_rows(d, &schema_vrrp_instance, old, new, object,
						  skip_in_instance);
			if (!str_eq(old->name, new->name)) {
				diff_item(d, PLAN_CHANGE, object,
					  arena_printf(d->a,
						       "takes over the role of %s, which has the "
						       "same VRID "
						       "and interface",
						       old->name));
				m->changed[i] = true;
			}
			continue;
		}
		m->changed[i] = true;
		old = unmatched_of_name(gone, n_gone, new);
		if (!old) {
			diff_item(d, PLAN_ADD, object, "starts as BACKUP");
			continue;
		}
		reused[old->id] = true;
		restarts(d, m, old, new, object);
	}
	for (unsigned i = 0; i < d->from->instances.n; i++)
		if (m->new_of[i] == CONF_NONE && !reused[i])
			diff_item(d, PLAN_REMOVE,
				  arena_printf(d->a, "vrrp_instance %s",
					       d->from->instances.v[i]->name),
				  tells_deletion(d->from->instances.v[i])
					  ? "leaves as if stopped, its scripts get DELETED"
					  : "leaves as if stopped, its scripts get FAULT");
}

/* ---- addresses ---- */

struct vip {
	const struct conf_instance *vi;
	const struct conf_address *a;
	const char *dev;
};

typedef VEC(struct vip) vip_list;

/* By address first, so that moves between interfaces are neighbours, too. */
static int vip_order(const void *x, const void *y)
{
	const struct vip *a = x, *b = y;
	int r = ip_compare(&a->a->addr, &b->a->addr);

	return r ? r : strcmp(a->dev, b->dev);
}

static vip_list vips_of(struct diff *d, const struct conf *conf)
{
	vip_list list = {0};

	for (unsigned i = 0; i < conf->instances.n; i++) {
		const struct conf_instance *vi = conf->instances.v[i];
		const char *dev = vi->interface ? vi->interface : "";
		const struct conf_address *a;

		for (unsigned k = 0; (a = conf_instance_address(vi, k)); k++)
			vec_push(d->a, &list, ((struct vip){vi, a, a->dev ? a->dev : dev}));
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), vip_order);
	return list;
}

static const char *vip_name(struct diff *d, const struct vip *v)
{
	char ip[IP_TEXT_MAX];

	return arena_printf(d->a, "virtual_ipaddress %s/%u", ip_format(&v->a->addr, ip),
			    v->a->prefix);
}

/* The other member of its sync group that starts anew, or NULL. */
static const char *leaves_with(struct diff *d, const struct instance_match *m,
			       const struct conf_instance *new)
{
	uint32_t leader = new->group == CONF_NONE ? CONF_NONE : m->leads[new->group];

	return leader == CONF_NONE ? NULL : d->to->instances.v[leader]->name;
}

static void vip_kept(struct diff *d, struct instance_match *m, const struct vip *old,
		     const struct vip *new)
{
	const char *name = vip_name(d, new);
	uint32_t heir = m->new_of[old->vi->id];
	const char *leader = leaves_with(d, m, new->vi);

	if (!str_eq(old->dev, new->dev) || old->a->prefix != new->a->prefix) {
		diff_item(
			d, PLAN_CHANGE, name,
			arena_printf(d->a,
				     "from /%u on %s to /%u on %s, leaves the kernel for a moment",
				     old->a->prefix, old->dev, new->a->prefix, new->dev));
		d->plan->vips_interrupted++;
	} else if (m->old_of[new->vi->id] == CONF_NONE) {
		diff_item(d, PLAN_CHANGE, name,
			  arena_printf(d->a,
				       "%s starts anew, it leaves the kernel until %s is master",
				       new->vi->name, new->vi->name));
		d->plan->vips_interrupted++;
	} else if (leader) {
		diff_item(d, PLAN_CHANGE, name,
			  arena_printf(d->a, "%s leaves MASTER with %s, it leaves the kernel until both are "
					     "masters",
				       new->vi->name, leader));
		d->plan->vips_interrupted++;
	} else if (heir != new->vi->id) {
		diff_item(d, PLAN_MOVE, name,
			  str_eq(old->vi->name, new->vi->name)
				  ? arena_printf(d->a,
						 "from VRID %u to VRID %u, stays in the kernel",
						 old->vi->vrid, new->vi->vrid)
				  : arena_printf(d->a, "from %s to %s, stays in the kernel",
						 old->vi->name, new->vi->name));
	} else if (!diff_rows(d, &schema_address, old->a, new->a, name, NULL)) {
		if (old->a->excluded == new->a->excluded)
			return;
		diff_item(d, PLAN_CHANGE, name,
			  new->a->excluded ? "no longer listed in adverts, stays in the kernel"
					   : "now listed in adverts, stays in the kernel");
	}
	m->changed[new->vi->id] = true;
}

void diff_addresses(struct diff *d, struct instance_match *m)
{
	vip_list old = vips_of(d, d->from), new = vips_of(d, d->to);
	unsigned i = 0, k = 0;

	while (i < old.n || k < new.n) {
		int r = i == old.n   ? 1
			: k == new.n ? -1
				     : ip_compare(&old.v[i].a->addr, &new.v[k].a->addr);

		if (r < 0) {
			uint32_t heir = m->new_of[old.v[i].vi->id];

			if (heir != CONF_NONE)
				m->changed[heir] = true;
			diff_item(d, PLAN_REMOVE, vip_name(d, &old.v[i]),
				  arena_printf(d->a, "from %s", old.v[i].vi->name));
			i++;
		} else if (r > 0) {
			m->changed[new.v[k].vi->id] = true;
			diff_item(d, PLAN_ADD, vip_name(d, &new.v[k]),
				  arena_printf(d->a, "to %s", new.v[k].vi->name));
			k++;
		} else {
			vip_kept(d, m, &old.v[i++], &new.v[k++]);
		}
	}
}
