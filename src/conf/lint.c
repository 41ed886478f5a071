/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what can be read and run but hardly was meant. One small function per suspicion, in a
 * table; corrections of contradictions are complete_*.c's.
 *
 * Must not know: the machine, but through the host; what it can't tell is not judged.
 */
#include "conf/lint.h"

#include "conf/lint_lvs.h"

#include <stdlib.h>

#include "base/str.h"

#define ANSWERS 256
#define OWN_ADDRESSES_MAX 16
#define ALL_ADDRESSES_MAX 256
#define INTERFACES_MAX 256
#define OWNERS_MAX 64 /* asking for addresses costs the host a list of all */

/* What the host said about an interface. */
struct answer {
	const char *name;
	bool missing;
};

struct lint {
	const struct conf *conf;
	const struct conf_host *host;
	const char *path;
	struct diags *diags;
	struct arena *a;
	unsigned owners, sources; /* for whom addresses were asked for */
	struct answer *answers; /* by hash: thousands of instances share a few interfaces */
};

#define lint_warn(l, at, code, ...) diag_add((l)->diags, DIAG_WARNING, code, at, __VA_ARGS__)

/* ---- instances ---- */

static void lint_password(struct lint *l, const struct conf_instance *vi)
{
	if (vi->auth_pass && strlen(vi->auth_pass) > 8)
		lint_warn(l, vi->authentication->block.at, "long-password",
			  "%s: only the first 8 bytes of auth_pass count", vi->name);
}

static void lint_ah(struct lint *l, const struct conf_instance *vi)
{
	if (vi->auth_type == AUTH_AH)
		lint_warn(l, vi->authentication->block.at, "no-effect-yet",
			  "%s: auth_type AH is accepted but has no effect yet: adverts go out without AH, "
			  "and a keepalived peer refuses them",
			  vi->name)
			->hint = "write `auth_type PASS` on all routers, or both end up as MASTER";
}

/* Said once for the setting, not for each of the instances that have it from global_defs. */
static void lint_strict(struct lint *l, const struct conf_instance *vi)
{
	if (!vi->strict || (l->conf->global.strict && vi->id > 0))
		return;
	diag_add(l->diags, DIAG_NOTE, "strict", vi->block.at,
		 "%s: strict mode removes authentication and preempt_delay, fixes "
		 "down_timer_adverts at 3, "
		 "forbids unicast and turns accept mode off",
		 vi->name)
		->hint =
		"traffic to the addresses themselves (ping, local services) needs `accept` with "
		"version 3, or no strict mode";
}

static bool interface_is_missing(struct lint *l, const char *name)
{
	struct answer *a;

	if (!name || !l->host || !l->host->interface)
		return false;
	a = &l->answers[str_hash(name) % ANSWERS];
	if (!a->name || !str_eq(a->name, name))
		*a = (struct answer){name, !l->host->interface(l->host->ctx, name)};
	return a->missing;
}

/* Not eth1 for eth0, which may be meant for another machine. */
static bool differs_in_digits_only(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	for (;; a++, b++) {
		a += strspn(a, digits);
		b += strspn(b, digits);
		if (*a != *b || !*a)
			return *a == *b;
	}
}

/* An interface of this machine that may have been meant, as a hint, or NULL. */
static const char *near_interface(struct lint *l, const char *name)
{
	const char *names[INTERFACES_MAX];
	unsigned n, kept = 0;

	if (!l->host->interfaces)
		return NULL;
	n = l->host->interfaces(l->host->ctx, l->a, names, ARRAY_SIZE(names));
	for (unsigned i = 0; i < n; i++)
		if (!differs_in_digits_only(name, names[i]))
			names[kept++] = names[i];
	return diag_nearest_hint(l->a, name, names, kept);
}

/* A mistyped name would end a MASTER; whose interfaces come and go says so. */
static void lint_interface(struct lint *l, const struct conf_instance *vi)
{
	const char *near;
	struct diag *d;

	if (!interface_is_missing(l, vi->interface))
		return;
	near = near_interface(l, vi->interface);
	d = lint_warn(l, vi->block.at, "missing-interface",
		      "%s: there is no interface %s on this machine now", vi->name, vi->interface);
	d->only_at_start = !l->conf->global.dynamic_interfaces;
	d->hint = *vi->interface == '$' ? "nothing before it defines that name"
		  : near		? near
		  : d->only_at_start    ? "the instance waits in FAULT until it appears; a reload takes that with "
					  "`dynamic_interfaces` only"
					: "the instance waits in FAULT until it appears";
}

static bool is_vip(const struct conf_instance *vi, const struct ip_addr *a)
{
	for (unsigned i = 0; i < vi->vips.n; i++)
		if (ip_equal(&vi->vips.v[i]->addr, a))
			return true;
	return false;
}

/* What is left over of an earlier run is removed at the start, and a VIP looks just like it. */
static void lint_owner_address(struct lint *l, const struct conf_instance *vi)
{
	struct ip_addr own[OWN_ADDRESSES_MAX];
	unsigned n;

	if (!vi->interface || !l->host || !l->host->addresses ||
	    l->owners++ >= OWNERS_MAX)
		return;
	n = l->host->addresses(l->host->ctx, vi->interface, vi->family, own, ARRAY_SIZE(own));
	if (n == 0 || n > ARRAY_SIZE(own))
		return;
	for (unsigned i = 0; i < n; i++)
		if (!is_vip(vi, &own[i]))
			return;
	lint_warn(l, vi->block.at, "owner-address",
		  "%s: %s has no IPv%d address but those of virtual_ipaddress, which are removed "
		  "at start%s",
		  vi->name, vi->interface, vi->family,
		  ip_is_set(&vi->src) ? "" : ": the instance stays in FAULT")
		->hint = "give the interface an address of its own besides the virtual one";
}

static void lint_address_interface(struct lint *l, const struct conf_instance *vi,
				   const struct conf_address *a)
{
	char ip[IP_TEXT_MAX];

	if ((a->dev && str_eq0(a->dev, vi->interface)) || !interface_is_missing(l, a->dev))
		return;
	lint_warn(l, a->block.at, "missing-interface",
		  "%s: there is no interface %s for %s on this machine now", vi->name, a->dev,
		  ip_format(&a->addr, ip));
}

/* RFC 9568 5.2.9: the first address of an IPv6 router is its link-local one. A service that moves with
 * its address is no router. */
static void lint_first_address(struct lint *l, const struct conf_instance *vi)
{
	char ip[IP_TEXT_MAX];

	if (vi->family != IP_V6 || vi->strict || !vi->vips.n ||
	    ip_is_link_local(&vi->vips.v[0]->addr))
		return;
	diag_add(l->diags, DIAG_NOTE, "first-address", vi->vips.v[0]->block.at,
		 "%s: the first IPv6 address, %s, is not link-local", vi->name,
		 ip_format(&vi->vips.v[0]->addr, ip))
		->hint =
		"if hosts have it as their router, put a link-local address (fe80::...) first";
}

static void lint_loopback(struct lint *l, const struct conf_instance *vi)
{
	if (vi->interface && str_eq(vi->interface, "lo"))
		lint_warn(l, vi->block.at, "loopback",
			  "%s: no other router can be heard on the loopback interface", vi->name);
}

static void lint_track_weight(struct lint *l, const struct conf_instance *vi,
			      const struct conf_track *t)
{
	const struct conf_group *g = vi->group == CONF_NONE ? NULL : l->conf->groups.v[vi->group];

	if (!t->weight)
		return;
	if (vi->priority == 255)
		lint_warn(l, t->block.at, "owner-weight",
			  "%s: the weight of %s has no effect, priority 255 never changes",
			  vi->name, t->name);
	else if (g && !g->tracking_weight)
		lint_warn(l, t->block.at, "group-weight",
			  "%s: the weight of %s has no effect in sync group %s", vi->name, t->name,
			  g->name)
			->hint = "write `sync_group_tracking_weight` in the group, or follow it in "
				 "the group";
	else if (t->weight > 0 && vi->priority == 254)
		lint_warn(l, t->block.at, "useless-weight",
			  "%s: priority 254 can't grow by the weight of %s", vi->name, t->name);
	else if (vi->nopreempt)
		lint_warn(l, t->block.at, "nopreempt-weight",
			  "%s: with nopreempt on both routers the weight of %s moves nothing: a "
			  "master whose priority sinks stays",
			  vi->name, t->name)
			->hint =
			"without a weight its failure is FAULT, and the other router takes "
			"over";
}

static void lint_tracks(struct lint *l, const struct conf_instance *vi)
{
	for (unsigned kind = 0; kind < TRACK_KINDS; kind++)
		for (unsigned i = 0; i < vi->tracks[kind].n; i++) {
			const struct conf_track *t = vi->tracks[kind].v[i];

			lint_track_weight(l, vi, t);
			if (kind == TRACK_INTERFACE && interface_is_missing(l, t->name))
				lint_warn(
					l, t->block.at, "missing-interface",
					"%s follows interface %s, which is not on this machine now",
					vi->name, t->name)
					->only_at_start = !t->weight && !l->conf->global.dynamic_interfaces;
		}
}

/* It is followed by all of its members. */
static void lint_group_interfaces(struct lint *l, const struct conf_group *g)
{
	for (unsigned i = 0; i < g->tracks[TRACK_INTERFACE].n; i++) {
		const struct conf_track *t = g->tracks[TRACK_INTERFACE].v[i];

		if (interface_is_missing(l, t->name))
			lint_warn(l, t->block.at, "missing-interface",
				  "sync group %s follows interface %s, which is not on this machine now",
				  g->name, t->name)
				->only_at_start = !t->weight && !l->conf->global.dynamic_interfaces;
	}
}

/* The base priority of a router is often meant to differ from its peer's by less than the weight;
 * what can be told without the peer: a change that ends at the limits. */
static void lint_weight_range(struct lint *l, const struct conf_instance *vi)
{
	int low = vi->priority, high = vi->priority;

	for (unsigned kind = 0; kind < TRACK_KINDS; kind++)
		for (unsigned i = 0; i < vi->tracks[kind].n; i++) {
			int32_t w = vi->tracks[kind].v[i]->weight;
			bool down = (w < 0) != vi->tracks[kind].v[i]->reverse;

			if (kind == TRACK_FILE)
				continue;
			if (down)
				low -= abs(w);
			else
				high += abs(w);
		}
	if (vi->priority != 255 && (low < 1 || high > 254))
		lint_warn(l, vi->block.at, "weight-range",
			  "%s: its trackers can take the priority from %d to %d, beyond "
			  "1..254, so that "
			  "routers may come out equal",
			  vi->name, low, high);
}

static void lint_advert_int_uneven(struct lint *l, const struct conf_instance *vi)
{
	if (vi->version == 3 && vi->advert_int < 100 * USEC_PER_MSEC && vi->down_timer_adverts < 3)
		lint_warn(l, vi->block.at, "hasty-timer",
			  "%s: %u adverts of %g s are missed by a short pause of either machine",
			  vi->name, vi->down_timer_adverts, (double)vi->advert_int / 1e6);
}

static void lint_peer_is_self(struct lint *l, const struct conf_instance *vi)
{
	for (unsigned i = 0; i < vi->peers.n; i++)
		if (ip_is_set(&vi->src) && ip_equal(&vi->src, &vi->peers.v[i]->addr))
			lint_warn(l, vi->peers.v[i]->block.at, "peer-is-self",
				  "%s: its own source address is listed as a peer", vi->name);
}

/* The file of the other router, copied: adverts go out in that one's name. */
static void lint_source(struct lint *l, const struct conf_instance *vi)
{
	struct ip_addr own[ALL_ADDRESSES_MAX];
	char ip[IP_TEXT_MAX];
	unsigned n;

	if (!ip_is_set(&vi->src) || vi->track_src_ip || !l->host || !l->host->addresses ||
	    l->sources++ >= OWNERS_MAX)
		return;
	n = l->host->addresses(l->host->ctx, NULL, vi->family, own, ARRAY_SIZE(own));
	if (n == 0 || n > ARRAY_SIZE(own))
		return;
	for (unsigned i = 0; i < n; i++)
		if (ip_equal(&own[i], &vi->src))
			return;
	for (unsigned i = 0; i < l->conf->static_addresses.n; i++)
		if (ip_equal(&l->conf->static_addresses.v[i]->addr, &vi->src))
			return;
	lint_warn(l, vi->block.at, "foreign-source",
		  "%s: its source address %s is not on this machine now", vi->name,
		  ip_format(&vi->src, ip))
		->hint = "is it that of the other router? `track_src_ip` waits for it in FAULT";
}

/* IPv4: the host bits are all 0 or all 1; a /31 has neither (RFC 3021). */
static const char *subnet_end(const struct conf_address *a)
{
	uint8_t any = 0, missing = 0;

	if (a->addr.family != IP_V4 || a->prefix > 30)
		return NULL;
	for (unsigned bit = a->prefix; bit < 32; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		any |= a->addr.b[bit / 8] & mask;
		missing |= ~a->addr.b[bit / 8] & mask;
	}
	return !any ? "network" : !missing ? "broadcast" : NULL;
}

static void lint_vip(struct lint *l, const struct conf_instance *vi, const struct conf_address *a)
{
	char ip[IP_TEXT_MAX];

	ip_format(&a->addr, ip);
	if (ip_is_multicast(&a->addr))
		lint_warn(l, a->block.at, "multicast-vip", "%s: %s is a multicast address",
			  vi->name, ip);
	if (ip_is_loopback(&a->addr))
		lint_warn(l, a->block.at, "loopback-vip",
			  "%s: %s is a loopback address, which no other machine can reach", vi->name, ip);
	else if (a->prefix > 0 && subnet_end(a))
		lint_warn(l, a->block.at, "subnet-end", "%s: %s is the %s address of its /%u", vi->name, ip,
			  subnet_end(a), a->prefix)
			->hint = "write an address of that network with its prefix length";
	if (a->prefix == 0)
		lint_warn(l, a->block.at, "prefix-zero", "%s: %s/0 makes the whole Internet local",
			  vi->name, ip);
	if (ip_is_set(&vi->src) && ip_equal(&vi->src, &a->addr))
		lint_warn(l, a->block.at, "vip-is-source",
			  "%s: %s is its source address and its virtual address", vi->name, ip);
}

static void lint_addresses(struct lint *l, const struct conf_instance *vi)
{
	const struct conf_address *a;

	for (unsigned i = 0; (a = conf_instance_address(vi, i)); i++) {
		lint_address_interface(l, vi, a);
		if (!a->excluded)
			lint_vip(l, vi, a);
	}
}

/* ---- the whole ---- */

static void lint_groups(struct lint *l)
{
	for (unsigned i = 0; i < l->conf->groups.n; i++) {
		const struct conf_group *g = l->conf->groups.v[i];

		if (g->members.n == 1)
			lint_warn(l, g->block.at, "lonely-group",
				  "sync group %s has one member only", g->name);
		lint_group_interfaces(l, g);
	}
}

static void lint_untracked(struct lint *l)
{
	const struct conf *conf = l->conf;
	bool *used = arena_alloc(l->a, conf->scripts.n + 1);

	for (unsigned i = 0; i < conf->instances.n; i++)
		for (unsigned k = 0; k < conf->instances.v[i]->tracks[TRACK_SCRIPT].n; k++)
			used[conf->instances.v[i]->tracks[TRACK_SCRIPT].v[k]->id] = true;
	for (unsigned i = 0; i < conf->groups.n; i++)
		for (unsigned k = 0; k < conf->groups.v[i]->tracks[TRACK_SCRIPT].n; k++)
			used[conf->groups.v[i]->tracks[TRACK_SCRIPT].v[k]->id] = true;
	for (unsigned i = 0; i < conf->scripts.n; i++)
		if (!used[i] && !(conf->scripts.v[i]->script && conf->scripts.v[i]->script->unsafe))
			lint_warn(l, conf->scripts.v[i]->block.at, "untracked-script",
				  "vrrp_script %s is followed by nobody, it is not run",
				  conf->scripts.v[i]->name);
}

static void lint_slow_scripts(struct lint *l)
{
	for (unsigned i = 0; i < l->conf->scripts.n; i++) {
		const struct conf_vrrp_script *s = l->conf->scripts.v[i];

		if (s->timeout > s->interval)
			lint_warn(l, s->block.at, "slow-script",
				  "vrrp_script %s: the timeout is longer than the interval, "
				  "runs will be "
				  "skipped",
				  s->name);
	}
}

struct vip_entry {
	const struct conf_instance *vi;
	const struct conf_address *a;
};

static int vip_order(const void *x, const void *y)
{
	const struct vip_entry *a = x, *b = y;
	int r = ip_compare(&a->a->addr, &b->a->addr);

	return r ? r : (a->vi->id > b->vi->id) - (a->vi->id < b->vi->id);
}

static const char *vip_interface(const struct vip_entry *e)
{
	return e->a->dev ? e->a->dev : e->vi->interface ? e->vi->interface : "";
}

static void lint_duplicate_vips(struct lint *l)
{
	const struct conf *conf = l->conf;
	VEC(struct vip_entry) all = {0};
	char ip[IP_TEXT_MAX];

	for (unsigned i = 0; i < conf->instances.n; i++) {
		const struct conf_instance *vi = conf->instances.v[i];
		const struct conf_address *a;

		for (unsigned k = 0; (a = conf_instance_address(vi, k)); k++)
			vec_push(l->a, &all, ((struct vip_entry){vi, a}));
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), vip_order);
	for (unsigned i = 1; i < all.n; i++) {
		const struct vip_entry *a = &all.v[i - 1], *b = &all.v[i];

		if (ip_compare(&a->a->addr, &b->a->addr) ||
		    !str_eq(vip_interface(a), vip_interface(b)))
			continue;
		ip_format(&b->a->addr, ip);
		if (a->vi == b->vi)
			lint_warn(l, b->a->block.at, "duplicate-address", "%s has %s twice",
				  b->vi->name, ip);
		else
			lint_warn(l, b->a->block.at, "duplicate-address",
				  "%s is an address of %s and of %s", ip, a->vi->name, b->vi->name);
	}
}

static void lint_static_addresses(struct lint *l)
{
	const struct conf *conf = l->conf;

	for (unsigned i = 0; i < conf->static_addresses.n; i++) {
		const struct conf_address *a = conf->static_addresses.v[i];
		const char *dev = a->dev ? a->dev : conf->global.default_interface;

		if (interface_is_missing(l, dev))
			lint_warn(l, a->block.at, "missing-interface",
				  "there is no interface %s on this machine now", dev)
				->hint = a->dev ? NULL : "without `dev` it is default_interface";
	}
}

static void lint_fifo_scripts(struct lint *l)
{
	const struct conf_global *g = &l->conf->global;
	const struct {
		const struct conf_fifo *fifo;
		const char *name;
	} fifos[] = {
		{&g->notify_fifo, "notify_fifo"},
		{&g->vrrp_notify_fifo, "vrrp_notify_fifo"},
		{&g->lvs_notify_fifo, "lvs_notify_fifo"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(fifos); i++)
		if (fifos[i].fifo->script && !fifos[i].fifo->path)
			lint_warn(l, fifos[i].fifo->script->at, "script-without-fifo",
				  "%s_script has no effect without %s", fifos[i].name,
				  fifos[i].name);
}

/* A directory of includes that matches nothing, an @ID of another machine, a forgotten line, or a file
 * of another program, in which nothing is a keyword. */
static void lint_empty(struct lint *l)
{
	const struct conf *conf = l->conf;

	if (conf->instances.n || conf->static_addresses.n || conf->virtual_servers.n ||
	    l->diags->count[DIAG_FATAL])
		return;
	lint_warn(l, (struct conf_span){0}, "nothing-to-do",
		  "%s has no %sinstance, static address or virtual server: there is nothing to do",
		  l->path, l->diags->count[DIAG_ERROR] ? "usable " : "");
}

static void (*const instance_lints[])(struct lint *, const struct conf_instance *) = {
	lint_password,	    lint_ah,	    lint_strict,    lint_interface,	lint_loopback,
	lint_first_address, lint_tracks,    lint_weight_range,	lint_advert_int_uneven,
	lint_peer_is_self,  lint_addresses, lint_owner_address, lint_source,
};

static void (*const whole_lints[])(struct lint *) = {
	lint_groups,	     lint_untracked,	    lint_slow_scripts,
	lint_duplicate_vips, lint_static_addresses, lint_fifo_scripts,
	lint_empty,
};

void conf_lint(const struct conf *conf, const struct conf_host *host, const char *path,
	       struct diags *diags)
{
	struct answer answers[ANSWERS] = {0};
	struct lint l = {.conf = conf,
			 .host = host,
			 .path = path,
			 .diags = diags,
			 .a = conf->arena,
			 .answers = answers};

	for (unsigned i = 0; i < conf->instances.n; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(instance_lints); k++)
			instance_lints[k](&l, conf->instances.v[i]);
	for (unsigned k = 0; k < ARRAY_SIZE(whole_lints); k++)
		whole_lints[k](&l);
	conf_lint_lvs(conf, host, diags);
	conf_lint_engine(conf, host, diags);
}
