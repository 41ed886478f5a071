/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what holds an instance in FAULT and what its effective priority is: own interface, source
 * address, configuration, and everything tracked by it or by its sync group.
 * Must not know: states, adverts; it only says what is wrong.
 *
 *   weight        object good   object bad
 *   0             -             FAULT
 *   0 reverse     FAULT         -
 *   +w            +w            -
 *   +w reverse    -w            -
 *   -w            -             -w
 *   -w reverse    -             +w
 *
 * A file adds value x weight, at most 253; -254 or less is FAULT. A script without a result adds
 * nothing, and without weight keeps an instance that has not started yet from starting.
 */
#include "core/vrrp/internal.h"

#include "base/str.h"

#define FILE_MOST 253
#define FILE_FAULT (-254)

static const struct conf_group *group_conf(const struct vrrp_router *r, const struct inst *i)
{
	return i->group == CONF_NONE ? NULL : r->groups[i->group].conf;
}

static const struct conf_track *list_find(const conf_track_list *list, const char *name)
{
	for (unsigned k = 0; k < list->n; k++)
		if (str_eq(list->v[k]->name, name))
			return list->v[k];
	return NULL;
}

/* A script that must not be run has no result to wait for. */
static bool track_usable(const struct vrrp_router *r, uint8_t kind, const struct conf_track *t)
{
	if (kind == TRACK_INTERFACE)
		return true;
	if (kind == TRACK_SCRIPT)
		return t->id < r->conf->scripts.n && r->conf->scripts.v[t->id]->script &&
		       !r->conf->scripts.v[t->id]->script->unsafe;
	return kind == TRACK_FILE && t->id < r->conf->files.n;
}

/* `model` says kind, weight and where it was configured. */
static void track_add(struct vrrp_router *r, struct inst *i, const struct conf_track *t,
		      struct track model)
{
	if (model.weight && i->conf->priority == 255)
		return; /* an address owner's priority never changes */
	model.name = t->name;
	model.reverse = t->reverse;
	model.id = model.kind == TRACK_INTERFACE ? vrrp_router_port_find(r, t->name) : t->id;
	i->tracks[i->n_tracks++] = model;
}

/* The entry of an instance inside a group that does not allow member weights: the group is one
 * body, so a weight on one member would tear it apart. */
static bool weight_neutralise(uint8_t kind, int32_t *weight)
{
	if (!*weight)
		return true;
	if (kind == TRACK_INTERFACE || (kind == TRACK_FILE && *weight == 1)) {
		*weight = 0;
		return true;
	}
	return false;
}

static void own_tracks_add(struct vrrp_router *r, struct inst *i, uint8_t kind)
{
	const struct conf_group *g = group_conf(r, i);
	const conf_track_list *list = &i->conf->tracks[kind];

	for (unsigned k = 0; k < list->n; k++) {
		int32_t weight = list->v[k]->weight;

		if (!track_usable(r, kind, list->v[k]))
			continue;
		if (g && weight && list_find(&g->tracks[kind], list->v[k]->name))
			continue; /* the group's entry wins */
		if (g && !g->tracking_weight && !weight_neutralise(kind, &weight))
			continue;
		track_add(r, i, list->v[k],
			  (struct track){.kind = kind, .weight = weight, .index = (uint16_t)k});
	}
}

static bool group_has_owner(const struct vrrp_router *r, const struct conf_group *g)
{
	for (unsigned m = 0; m < g->members.n; m++)
		if (r->conf->instances.v[g->members.v[m]]->priority == 255)
			return true;
	return false;
}

static void group_tracks_add(struct vrrp_router *r, struct inst *i, uint8_t kind)
{
	const struct conf_group *g = group_conf(r, i);
	const struct conf_track *own;

	for (unsigned k = 0; g && k < g->tracks[kind].n; k++) {
		const struct conf_track *t = g->tracks[kind].v[k];

		if (!track_usable(r, kind, t))
			continue;
		own = list_find(&i->conf->tracks[kind], t->name);
		if (own && !own->weight)
			continue;
		track_add(r, i, t,
			  (struct track){.kind = kind,
					 .weight = group_has_owner(r, g) ? 0 : t->weight,
					 .index = (uint16_t)k,
					 .of_group = true});
	}
}

static bool port_tracked(const struct inst *i, uint32_t port)
{
	for (unsigned k = 0; k < i->n_tracks; k++)
		if (i->tracks[k].kind == TRACK_INTERFACE && i->tracks[k].id == port)
			return true;
	return port == i->port;
}

/* An address on another interface needs that one too. */
static void address_port_add(struct vrrp_router *r, struct inst *i, const struct conf_address *a)
{
	uint32_t port;

	if (!a->dev || a->no_track)
		return;
	port = vrrp_router_port_find(r, a->dev);
	if (!port_tracked(i, port))
		i->tracks[i->n_tracks++] = (struct track){
			.name = a->dev, .id = port, .kind = TRACK_INTERFACE, .implied = true};
}

static unsigned tracks_most(const struct vrrp_router *r, const struct inst *i)
{
	const struct conf_group *g = group_conf(r, i);
	unsigned n = 0;

	for (unsigned kind = 0; kind < TRACK_KINDS; kind++)
		n += i->conf->tracks[kind].n + (g ? g->tracks[kind].n : 0);
	for (unsigned k = 0; k < i->conf->vips.n; k++)
		n += i->conf->vips.v[k]->dev != NULL;
	for (unsigned k = 0; k < i->conf->excluded.n; k++)
		n += i->conf->excluded.v[k]->dev != NULL;
	return n;
}

void tracks_build(struct vrrp_router *r, struct inst *i)
{
	unsigned most = tracks_most(r, i);

	if (!most)
		return;
	i->tracks = arena_alloc(r->arena, most * sizeof(*i->tracks));
	for (uint8_t kind = 0; kind < TRACK_KINDS; kind++) {
		own_tracks_add(r, i, kind);
		group_tracks_add(r, i, kind);
	}
	for (unsigned k = 0; k < i->conf->vips.n; k++)
		address_port_add(r, i, i->conf->vips.v[k]);
	for (unsigned k = 0; k < i->conf->excluded.n; k++)
		address_port_add(r, i, i->conf->excluded.v[k]);
}

static struct users *users_of(struct vrrp_router *r, uint8_t kind, uint32_t id)
{
	return kind == TRACK_INTERFACE ? &r->ports[id].users
	       : kind == TRACK_SCRIPT  ? &r->scripts[id].users
				       : &r->files[id].users;
}

static void user_add(struct users *u, uint32_t id, bool count_only)
{
	if (!count_only)
		u->v[u->n] = id;
	u->n++;
}

static void users_walk(struct vrrp_router *r, bool count_only)
{
	for (unsigned k = 0; k < r->n; k++) {
		struct inst *i = &r->inst[k];

		if (i->port != CONF_NONE)
			user_add(&r->ports[i->port].users, k, count_only);
		for (unsigned t = 0; t < i->n_tracks; t++)
			user_add(users_of(r, i->tracks[t].kind, i->tracks[t].id), k, count_only);
	}
}

static void users_make_room(struct vrrp_router *r, struct users *u)
{
	u->v = arena_alloc(r->arena, u->n * sizeof(*u->v));
	u->n = 0;
}

void tracks_link_users(struct vrrp_router *r)
{
	users_walk(r, true);
	for (unsigned k = 0; k < r->n_ports; k++)
		users_make_room(r, &r->ports[k].users);
	for (unsigned k = 0; k < r->conf->scripts.n; k++)
		users_make_room(r, &r->scripts[k].users);
	for (unsigned k = 0; k < r->conf->files.n; k++)
		users_make_room(r, &r->files[k].users);
	users_walk(r, false);
}

static int file_contribution(const struct vrrp_router *r, const struct track *t, bool *ret_fault)
{
	int64_t value = r->files[t->id].value, sum;

	if (!t->weight) {
		*ret_fault = (value != 0) != t->reverse;
		return 0;
	}
	sum = value * t->weight * (t->reverse ? -1 : 1);
	if (sum <= FILE_FAULT)
		*ret_fault = true;
	return (int)(sum > FILE_MOST ? FILE_MOST : sum < FILE_FAULT ? FILE_FAULT : sum);
}

static int weight_contribution(const struct track *t, bool good)
{
	int sign = t->reverse ? -1 : 1;

	if (t->weight > 0)
		return good ? sign * t->weight : 0;
	return good ? 0 : sign * t->weight;
}

int track_contribution(const struct vrrp_router *r, const struct track *t, struct reason *ret_fault,
		       bool *ret_pending)
{
	bool fault = false, good;
	int sum = 0;

	*ret_pending = t->kind == TRACK_SCRIPT && r->scripts[t->id].state == SCRIPT_PENDING;
	if (*ret_pending)
		return 0;
	if (t->kind == TRACK_FILE) {
		sum = file_contribution(r, t, &fault);
	} else {
		good = t->kind == TRACK_INTERFACE ? r->ports[t->id].up
						  : r->scripts[t->id].state == SCRIPT_GOOD;
		if (t->weight)
			sum = weight_contribution(t, good);
		else
			fault = good == t->reverse;
	}
	if (!fault || ret_fault->kind)
		return sum;
	ret_fault->name = t->name;
	if (t->kind == TRACK_INTERFACE) {
		ret_fault->kind = r->ports[t->id].exists ? CAUSE_INTERFACE_DOWN
							 : CAUSE_INTERFACE_MISSING;
		ret_fault->value = t->reverse;
	} else if (t->kind == TRACK_SCRIPT) {
		ret_fault->kind = CAUSE_SCRIPT_FAILED;
		ret_fault->value = r->scripts[t->id].status;
	} else {
		ret_fault->kind = CAUSE_FILE_VALUE;
		ret_fault->value = (int32_t)r->files[t->id].value;
	}
	return sum;
}

/* Faults that are no trackers, the most basic first. */
static struct reason basic_fault(const struct vrrp_router *r, const struct inst *i)
{
	const char *name = i->conf->interface ? i->conf->interface : "";
	bool watched = i->port != CONF_NONE && !i->conf->dont_track_primary;

	if (i->conf->disabled)
		return (struct reason){.kind = CAUSE_CONFIG, .name = i->conf->disabled};
	if (i->port != CONF_NONE && !r->ports[i->port].exists)
		return (struct reason){.kind = CAUSE_INTERFACE_MISSING, .name = name};
	if (watched && !r->ports[i->port].up)
		return (struct reason){.kind = CAUSE_INTERFACE_DOWN, .name = name};
	if (!ip_is_set(&i->source))
		return (struct reason){
			.kind = CAUSE_NO_ADDRESS, .name = name, .value = i->conf->family};
	if (i->vip_fault)
		return (struct reason){.kind = CAUSE_VIP_REMOVED, .name = name};
	return (struct reason){0};
}

static uint8_t priority_limited(const struct inst *i, int total)
{
	if (i->conf->priority == 255)
		return i->owner_lowered ? 254 : 255;
	return (uint8_t)(total < 1 ? 1 : total > 254 ? 254 : total);
}

void inst_judge(struct vrrp_router *r, struct inst *i)
{
	struct reason fault = basic_fault(r, i);
	int total = i->conf->priority;
	bool pending;

	i->pending = false;
	for (unsigned k = 0; k < i->n_tracks; k++) {
		const struct track *t = &i->tracks[k];

		total += track_contribution(r, t, &fault, &pending);
		i->pending |= pending && !t->weight;
	}
	if (i->reason.kind)
		i->last_reason = i->reason;
	i->reason = fault;
	inst_priority_set(r, i, priority_limited(i, total));
}
