/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: going over from one configuration to another: which instance continues which, what it takes
 * along, what a removed one leaves behind. An instance that is alike in both keeps its timers to
 * the microsecond: it misses no advert and sends none too many. Must not know: the kernel; that an
 * address moves from one instance to another without leaving it is the driver's art.
 */
#include "core/vrrp/internal.h"

#include <string.h>

#include "base/str.h"

/* ---- who continues whom ---- */

static uint32_t key_hash(const struct conf_instance *c)
{
	uint8_t head[3] = {c->vrid, c->family, c->peers.n != 0};
	uint32_t h = hash_of(2166136261u, head, sizeof(head));

	h = hash_text(h, c->interface);
	return hash_of(h, c->peers.n ? &c->src : &c->group_addr, sizeof(c->src));
}

static bool vmac_equal(const struct conf_vmac *a, const struct conf_vmac *b)
{
	return !a || !b ? a == b : str_eq0(a->name, b->name) && str_eq0(a->mac, b->mac);
}

static bool key_equal(const struct conf_instance *a, const struct conf_instance *b)
{
	if (a->vrid != b->vrid || a->family != b->family || !a->peers.n != !b->peers.n)
		return false;
	if (!str_eq0(a->interface, b->interface) || !vmac_equal(a->vmac, b->vmac) ||
	    !a->ipvlan != !b->ipvlan)
		return false;
	return a->peers.n ? ip_equal(&a->src, &b->src) : ip_equal(&a->group_addr, &b->group_addr);
}

struct matching {
	const struct conf *from, *to;
	struct hash hash;
	bool *taken;
	uint32_t *ret;
};

/* Several unicast instances may share a key: those with the same name find each other first. */
static void match_round(struct matching *m, bool by_name)
{
	for (unsigned k = 0; k < m->to->instances.n; k++) {
		const struct conf_instance *c = m->to->instances.v[k];
		uint32_t at = key_hash(c) & m->hash.mask;

		for (; m->ret[k] == CONF_NONE && m->hash.v[at] != CONF_NONE;
		     at = (at + 1) & m->hash.mask) {
			uint32_t old = m->hash.v[at];
			const struct conf_instance *o = m->from->instances.v[old];

			if (m->taken[old] || !key_equal(o, c) ||
			    (by_name && !str_eq0(o->name, c->name)))
				continue;
			m->taken[old] = true;
			m->ret[k] = old;
		}
	}
}

static void match_all(struct arena *a, const struct conf *from, const struct conf *to,
		      uint32_t *ret)
{
	struct matching m = {.from = from, .to = to, .ret = ret};

	m.hash = hash_new(a, from->instances.n);
	m.taken = arena_alloc(a, from->instances.n);
	for (unsigned k = 0; k < from->instances.n; k++) {
		uint32_t at = key_hash(from->instances.v[k]) & m.hash.mask;

		while (m.hash.v[at] != CONF_NONE)
			at = (at + 1) & m.hash.mask;
		m.hash.v[at] = k;
	}
	for (unsigned k = 0; k < to->instances.n; k++)
		ret[k] = CONF_NONE;
	match_round(&m, true);
	match_round(&m, false);
}

void vrrp_conf_match(const struct conf *from, const struct conf *to, uint32_t *ret)
{
	struct arena *a = arena_new();

	match_all(a, from, to, ret);
	arena_free(a);
}

/* ---- what is taken along ---- */

static bool address_equal(const struct conf_address *a, const struct conf_address *b)
{
	return ip_equal(&a->addr, &b->addr) && a->prefix == b->prefix && a->scope == b->scope &&
	       a->home == b->home && a->dad == b->dad && a->mngtmpaddr == b->mngtmpaddr &&
	       a->noprefixroute == b->noprefixroute && a->autojoin == b->autojoin &&
	       a->use_vmac == b->use_vmac && a->brd == b->brd &&
	       ip_equal(&a->brd_addr, &b->brd_addr) && ip_equal(&a->peer, &b->peer) &&
	       a->preferred_lft == b->preferred_lft && str_eq0(a->dev, b->dev) &&
	       str_eq0(a->label, b->label);
}

static const struct conf_address *address_at(const struct conf_instance *c, unsigned k)
{
	return k < c->vips.n ? c->vips.v[k] : c->excluded.v[k - c->vips.n];
}

static unsigned address_count(const struct conf_instance *c)
{
	return c->vips.n + c->excluded.n;
}

static bool address_known(const struct conf_instance *c, const struct conf_address *a)
{
	for (unsigned k = 0; k < address_count(c); k++)
		if (ip_equal(&address_at(c, k)->addr, &a->addr) &&
		    str_eq0(address_at(c, k)->dev, a->dev))
			return true;
	return false;
}

static void addresses_compare(struct inst *i, const struct conf_instance *old)
{
	unsigned n = address_count(i->conf);
	bool same = n == address_count(old);

	for (unsigned k = 0; same && k < n; k++)
		same = address_equal(address_at(i->conf, k), address_at(old, k));
	i->vips_changed = !same;
	for (unsigned k = 0; !same && !i->vips_added && k < n; k++)
		i->vips_added = !address_known(old, address_at(i->conf, k));
}

static void timing_carry(struct vrrp_router *r, struct inst *i, const struct inst *o, usec_t now)
{
	usec_t interval = i->conf->advert_int, refresh = i->conf->garp_master_refresh;
	bool own = i->conf->version == 2 || i->conf->version != o->conf->version ||
		   i->state == VRRP_MASTER || !o->master_heard;

	if (own)
		i->master_interval = interval;
	if (i->state == VRRP_BACKUP && i->timer[T_DOWN] != USEC_NEVER)
		i->timer[T_DOWN] += inst_down_interval(i) - inst_down_interval(o);
	if (i->state == VRRP_MASTER)
		i->timer[T_ADVERT] = usec_min(i->timer[T_ADVERT], now + interval);
	if (!refresh)
		i->timer[T_REFRESH] = USEC_NEVER;
	else if (i->state == VRRP_MASTER)
		i->timer[T_REFRESH] = usec_min(i->timer[T_REFRESH], now + refresh);
	if (!inst_extra(i))
		i->timer[T_EXTRA] = USEC_NEVER;
	else if (i->state == VRRP_MASTER)
		i->timer[T_EXTRA] = usec_min(i->timer[T_EXTRA], now + inst_extra(i));
	deadlines_fix(r, i);
}

static void reason_carry(struct vrrp_router *r, struct reason *reason)
{
	if (reason->name)
		reason->name = arena_strdup(r->arena, reason->name);
}

static void inst_carry(struct vrrp_router *r, struct inst *i, const struct inst *o, usec_t now)
{
	struct inst fresh = *i;

	*i = *o;
	i->conf = fresh.conf;
	i->id = fresh.id;
	i->group = fresh.group;
	i->port = fresh.port;
	i->old_id = o->id;
	i->tracks = fresh.tracks;
	i->n_tracks = fresh.n_tracks;
	i->losses = fresh.losses;
	i->queued = false;
	i->heap_at = fresh.heap_at;
	i->due = fresh.due;
	if (ip_is_set(&fresh.source))
		i->source = fresh.source;
	if (i->conf->priority != 255)
		i->owner_lowered = false;
	reason_carry(r, &i->reason);
	reason_carry(r, &i->last_reason);
	i->vips_changed = i->vips_added = false;
	addresses_compare(i, o->conf);
	timing_carry(r, i, o, now);
}

static void ports_carry(struct vrrp_router *r, const struct vrrp_router *old)
{
	for (unsigned k = 0; k < r->n_ports; k++) {
		uint32_t o = vrrp_router_port_find(old, r->ports[k].name);

		if (o == CONF_NONE)
			continue;
		r->ports[k].exists = old->ports[o].exists;
		r->ports[k].up = old->ports[o].up;
	}
}

/* A script's result is as good as before when it is the same command. */
static void scripts_carry(struct vrrp_router *r, const struct vrrp_router *old)
{
	for (unsigned k = 0; k < r->conf->scripts.n; k++) {
		const struct conf_vrrp_script *c = r->conf->scripts.v[k];

		for (unsigned o = 0; o < old->conf->scripts.n; o++) {
			const struct conf_vrrp_script *p = old->conf->scripts.v[o];

			if (!str_eq0(c->name, p->name) || !c->script || !p->script ||
			    !str_eq0(c->script->command, p->script->command))
				continue;
			r->scripts[k].state = old->scripts[o].state;
			r->scripts[k].status = old->scripts[o].status;
			r->scripts[k].timed_out = old->scripts[o].timed_out;
		}
	}
}

static void files_carry(struct vrrp_router *r, const struct vrrp_router *old)
{
	for (unsigned k = 0; k < r->conf->files.n; k++)
		for (unsigned o = 0; o < old->conf->files.n; o++)
			if (str_eq0(r->conf->files.v[k]->name, old->conf->files.v[o]->name) &&
			    str_eq0(r->conf->files.v[k]->file, old->conf->files.v[o]->file))
				r->files[k].value = old->files[o].value;
}

/* ---- what is left behind ---- */

/* `again`: one of the same name starts in its place, and tells what has become of it. */
static void removed_emit(struct vrrp_router *r, const struct inst *o, bool again)
{
	struct cause cause = {.kind = CAUSE_RELOAD};
	bool deleted = o->conf->notify.notify_deleted;
	struct vrrp_action *a;

	if (o->state == VRRP_MASTER) {
		emit(r, VRRP_DO_SEND_ADVERT, o);
		emit(r, VRRP_DO_DISOWN, o);
	} else if (!deleted && o->state != VRRP_BACKUP) {
		return;
	}
	if (again && !deleted)
		return;
	a = emit(r, VRRP_DO_TRANSITION, o);
	a->from = o->state;
	a->to = deleted ? VRRP_DELETED : VRRP_FAULT;
	a->priority = o->effective;
	a->cause = cause;
}

static void group_removed_emit(struct vrrp_router *r, const struct group *o)
{
	struct vrrp_action *a;

	if (!o->conf->notify.notify_deleted)
		return;
	a = emit(r, VRRP_DO_TRANSITION, NULL);
	a->id = o->conf->id;
	a->is_group = true;
	a->from = o->state;
	a->to = VRRP_DELETED;
	a->cause.kind = CAUSE_RELOAD;
}

static const char *instance_name(const struct conf *conf, uint32_t k)
{
	return conf->instances.v[k]->name;
}

static const char *group_name(const struct conf *conf, uint32_t k)
{
	return conf->groups.v[k]->name;
}

/* Where the one that name_of() gives this name is, or has its place. */
static uint32_t *name_place(const struct conf *conf, const char *(*name_of)(const struct conf *, uint32_t),
			    const struct hash *h, const char *name)
{
	uint32_t at = hash_text(2166136261u, name) & h->mask;

	while (h->v[at] != CONF_NONE && !str_eq0(name_of(conf, h->v[at]), name))
		at = (at + 1) & h->mask;
	return &h->v[at];
}

/* An instance whose VRID, interface or family changes leaves and starts anew, under its name. */
static void removed_leave(struct vrrp_router *r, const struct vrrp_router *old, const bool *kept)
{
	const struct conf *to = r->conf;
	struct hash h = hash_new(r->arena, r->n);

	for (unsigned k = 0; k < r->n; k++)
		if (r->inst[k].old_id == CONF_NONE)
			*name_place(to, instance_name, &h, to->instances.v[k]->name) = k;
	for (unsigned k = 0; k < old->n; k++) {
		const struct inst *o = &old->inst[k];
		uint32_t heir = kept[k] ? CONF_NONE : *name_place(to, instance_name, &h, o->conf->name);

		if (heir != CONF_NONE)
			r->inst[heir].was_master =
				o->state == VRRP_MASTER && !o->conf->notify.notify_deleted;
		if (!kept[k])
			removed_emit(r, o, heir != CONF_NONE);
	}
}

static void groups_carry(struct vrrp_router *r, const struct vrrp_router *old)
{
	const struct conf *to = r->conf;
	struct hash h = hash_new(r->arena, to->groups.n);

	for (unsigned k = 0; k < to->groups.n; k++)
		*name_place(to, group_name, &h, to->groups.v[k]->name) = k;
	for (unsigned o = 0; o < old->conf->groups.n; o++) {
		const struct group *from = &old->groups[o];
		uint32_t k = *name_place(to, group_name, &h, from->conf->name);

		if (k == CONF_NONE) {
			group_removed_emit(r, from);
			continue;
		}
		r->groups[k].state = from->state;
		r->groups[k].since = from->since;
		r->groups[k].cause = from->cause;
	}
}

struct vrrp_router *vrrp_router_reload(const struct vrrp_router *old, const struct conf *conf,
				       usec_t now, struct vrrp_out *ret_old)
{
	struct vrrp_router *r = router_build(conf);
	uint32_t *match = arena_alloc(r->arena, r->n * sizeof(*match));
	bool *kept = arena_alloc(r->arena, old->n);
	unsigned n_kept = 0;

	r->reloaded = true;
	r->now = now;
	match_all(r->arena, old->conf, conf, match);
	for (unsigned k = 0; k < r->n; k++)
		if (match[k] != CONF_NONE) {
			kept[match[k]] = true;
			n_kept++;
			inst_carry(r, &r->inst[k], &old->inst[match[k]], now);
		}
	ports_carry(r, old);
	scripts_carry(r, old);
	files_carry(r, old);
	*ret_old = (struct vrrp_out){.cap = 3 * (old->n - n_kept) + old->conf->groups.n};
	ret_old->v = arena_alloc(r->arena, ret_old->cap * sizeof(*ret_old->v));
	r->out = ret_old;
	removed_leave(r, old, kept);
	groups_carry(r, old);
	r->out = NULL;
	return r;
}

uint32_t vrrp_router_old_id(const struct vrrp_router *r, uint32_t instance)
{
	return instance < r->n ? r->inst[instance].old_id : CONF_NONE;
}
