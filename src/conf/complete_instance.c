/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the final values of one instance: what it inherits, what follows from other settings, and
 * what contradicts itself and is corrected. RFC 9568 5.2 (limits), strict mode: all of RFC 3768,
 * 9568.
 *
 * A correction clears the bit of the row it overrides when the printed value would bring it back.
 */
#include "conf/complete.h"

#include <stddef.h>

#include "model/state.h"

/* Rows this file asks about, by their bit. */
#define ROWS(X)                                                                                    \
	X(state)                                                                                   \
	X(priority) X(virtual_router_id) X(version) X(auth_hmac) X(authentication) X(unicast_ttl)  \
		X(unicast_src_ip) X(unicast_peer) X(mcast_dst_ip) X(notify_deleted) X(smtp_alert)  \
			X(owner_ignore_adverts) X(check_unicast_src) X(preempt_delay) X(preempt)   \
				X(timer_expired_backup) X(nopreempt) X(vrf) X(mcast_src_ip)        \
					X(virtual_ipaddress_excluded) X(virtual_ipaddress)         \
						X(unicast_fault_no_peer) X(accept)                 \
							X(vmac_xmit_base) X(no_virtual_ipaddress)  \
								X(garp_extra_if)                   \
									X(lower_prio_no_advert)

#define ROW_MEMBER(name) unsigned name;
struct vi_bits {
	ROWS(ROW_MEMBER)
};

struct inherited {
	unsigned bit;
	uint32_t offset, from;
	size_t size;
};

struct ctx {
	struct complete *c;
	struct vi_bits bit;
	VEC(struct inherited) inherited;
};

#define IS_SET(x, vi, name) block_is_set(vi, (x)->bit.name)
#define DROP(x, vi, name) block_drop(&schema_vrrp_instance, vi, (x)->bit.name)

static struct diag *warn(struct ctx *x, const struct conf_instance *vi, enum diag_severity severity,
			 const char *code, const char *text)
{
	return diag_add(x->c->diags, severity, code, vi->block.at, "%s: %s", vi->name, text);
}

/* ---- inheritance ---- */

static void ctx_init(struct ctx *x, struct complete *c)
{
	x->c = c;
#define ROW_BIT(name) x->bit.name = block_bit(&schema_vrrp_instance, #name);
	ROWS(ROW_BIT)
	for (unsigned i = 0; i < block_rows(&schema_vrrp_instance); i++) {
		const struct row *row = block_row(&schema_vrrp_instance, i);

		if (row->inherit)
			vec_push(c->a, &x->inherited,
				 ((struct inherited){i, row->offset, row->inherit - 1, row->size}));
	}
}

static void inherit(struct ctx *x, struct conf_instance *vi)
{
	const struct conf_global *g = &x->c->conf->global;

	for (unsigned i = 0; i < x->inherited.n; i++) {
		const struct inherited *in = &x->inherited.v[i];

		if (!block_is_set(vi, in->bit))
			memcpy((char *)vi + in->offset, (const char *)g + in->from, in->size);
	}
	if (!IS_SET(x, vi, garp_extra_if))
		vi->garp_extra_if_all = g->garp_extra_if_all;
	if (!IS_SET(x, vi, smtp_alert))
		vi->smtp_alert =
			(g->smtp_alert_vrrp ? g->smtp_alert_vrrp : g->smtp_alert) == TRI_ON;
	vi->notify.notify_deleted = IS_SET(x, vi, notify_deleted);
}

/* ---- family and version ---- */

static uint8_t family_of(const struct conf_instance *vi)
{
	if (vi->native_ipv6)
		return IP_V6;
	if (vi->vips.n)
		return vi->vips.v[0]->addr.family;
	if (vi->peers.n)
		return vi->peers.v[0]->addr.family;
	if (ip_is_set(&vi->src))
		return vi->src.family;
	if (ip_is_set(&vi->group_addr))
		return vi->group_addr.family;
	return vi->excluded.n ? vi->excluded.v[0]->addr.family : IP_V4;
}

static void family_complete(struct ctx *x, struct conf_instance *vi)
{
	vi->family = family_of(vi);
	if (!IS_SET(x, vi, version))
		vi->version = vi->family == IP_V6 ? 3 : x->c->conf->global.version;
	if (vi->family == IP_V6 && vi->version == 2 && vi->strict) {
		warn(x, vi, DIAG_WARNING, "strict", "strict mode uses version 3 for IPv6");
		vi->version = 3;
	} else if (vi->family == IP_V6 && vi->version == 2) {
		warn(x, vi, DIAG_WARNING, "ipv6-version-2", "version 2 is not defined for IPv6")
			->hint =
			"only keepalived understands that; leave `version` out to use version 3";
	}
	if (ip_is_set(&vi->src) && vi->src.family != vi->family) {
		warn(x, vi, DIAG_ERROR, "family",
		     "the source address is of the other family, ignored");
		DROP(x, vi, mcast_src_ip);
		DROP(x, vi, unicast_src_ip);
	}
	if (ip_is_set(&vi->group_addr) &&
	    (vi->group_addr.family != vi->family || !ip_is_multicast(&vi->group_addr))) {
		warn(x, vi, DIAG_ERROR, "not-multicast",
		     "mcast_dst_ip is no multicast address of its family, ignored");
		DROP(x, vi, mcast_dst_ip);
	}
}

/* ---- priority and state ---- */

static void priority_complete(struct ctx *x, struct conf_instance *vi)
{
	bool wants_master = IS_SET(x, vi, state) && vi->state == VRRP_MASTER;
	struct diag *d;

	if (diag_is_refused(x->c->diags, vi, "priority"))
		block_mark(vi, x->bit.priority); /* the default, and nothing that state makes of it */
	if (!IS_SET(x, vi, priority) && wants_master) {
		vi->priority = 255;
		d = warn(x, vi, DIAG_WARNING, "state-master-priority",
			 "state MASTER without a priority means priority 255, the address owner");
		d->hint = "give a `priority` below 255 unless this router owns the addresses";
	}
	if (!IS_SET(x, vi, state))
		vi->state = vi->priority == 255 ? VRRP_MASTER : VRRP_BACKUP;
	if (vi->strict && (vi->state == VRRP_MASTER) != (vi->priority == 255)) {
		vi->state = vi->priority == 255 ? VRRP_MASTER : VRRP_BACKUP;
		if (IS_SET(x, vi, state))
			warn(x, vi, DIAG_NOTE, "strict",
			     vi->priority == 255 ? "strict mode: priority 255 starts as MASTER"
						 : "strict mode: only priority 255 starts as "
						   "MASTER, this starts as BACKUP");
	}
}

static void preempt_complete(struct ctx *x, struct conf_instance *vi)
{
	if (IS_SET(x, vi, preempt) && IS_SET(x, vi, nopreempt))
		warn(x, vi, DIAG_WARNING, "preempt-twice",
		     vi->preempt ? "there are nopreempt and preempt: preempt counts, as it is the last"
				 : "there are preempt and nopreempt: nopreempt counts, as it is the last");
	if (vi->preempt && vi->nopreempt)
		DROP(x, vi, nopreempt);
	if (vi->nopreempt && (vi->priority == 255 || vi->state == VRRP_MASTER)) {
		warn(x, vi, DIAG_WARNING, "nopreempt-master",
		     vi->priority == 255 ? "nopreempt has no effect with priority 255"
					 : "nopreempt has no effect with state MASTER")
			->hint =
			vi->priority == 255 ? NULL : "write `state BACKUP` on both routers";
		DROP(x, vi, nopreempt);
	}
	if (vi->preempt_delay && (vi->state == VRRP_MASTER || vi->nopreempt || vi->strict)) {
		warn(x, vi, DIAG_WARNING, "preempt-delay",
		     vi->state == VRRP_MASTER ? "preempt_delay has no effect with state MASTER"
		     : vi->nopreempt	      ? "preempt_delay has no effect with nopreempt"
					      : "preempt_delay has no effect in strict mode");
		DROP(x, vi, preempt_delay);
	}
	if (vi->timer_expired_backup && !vi->nopreempt) {
		warn(x, vi, DIAG_WARNING, "timer-expired-backup",
		     "timer_expired_backup has no effect without nopreempt");
		DROP(x, vi, timer_expired_backup);
	}
}

/* RFC 3768 counts whole seconds, RFC 9568 hundredths up to 40.95 s. */
static void interval_complete(struct ctx *x, struct conf_instance *vi)
{
	usec_t unit = vi->version == 2 ? USEC_PER_SEC : USEC_PER_CSEC;
	usec_t most = vi->version == 2 ? 255 * USEC_PER_SEC : 4095 * USEC_PER_CSEC;
	usec_t v = (vi->advert_int + unit / 2) / unit * unit;

	v = usec_min(usec_max(v, unit), most);
	if (v == vi->advert_int)
		return;
	diag_add(x->c->diags, DIAG_WARNING, "advert-interval", vi->block.at,
		 "%s: version %d can't have an advert_int of %g s, %g s is used", vi->name,
		 vi->version, (double)vi->advert_int / 1e6, (double)v / 1e6)
		->hint = vi->version == 2 ? "`version 3` has steps of 0.01 s" : NULL;
	vi->advert_int = v;
}

/* ---- authentication ---- */

static void auth_drop(struct ctx *x, struct conf_instance *vi, enum diag_severity severity,
		      const char *why)
{
	diag_add(x->c->diags, severity, "authentication", vi->authentication->block.at, "%s: %s", vi->name, why);
	DROP(x, vi, authentication);
}

static bool hmac_has_key(const struct conf_auth_hmac *h)
{
	for (unsigned i = 0; i < h->keys.n; i++)
		if (h->keys.v[i].id == h->active_key)
			return true;
	return false;
}

static void auth_complete(struct ctx *x, struct conf_instance *vi)
{
	const struct conf_authentication *a = vi->authentication;

	if (vi->auth_hmac && !hmac_has_key(vi->auth_hmac)) {
		warn(x, vi, DIAG_ERROR, "authentication",
		     "auth_hmac without its active key is ignored");
		DROP(x, vi, auth_hmac);
	}
	if (vi->auth_hmac && vi->strict)
		vi->auth_hmac->mode = 0;
	if (vi->auth_hmac && !vi->auth_hmac->time_window)
		vi->auth_hmac->time_window =
			(uint32_t)usec_min(usec_max(3 * vi->advert_int / USEC_PER_SEC, 5), 300);
	if (!a)
		return;
	if (vi->auth_hmac)
		auth_drop(x, vi, DIAG_WARNING, "authentication is ignored, auth_hmac is used");
	else if (vi->strict)
		auth_drop(x, vi, DIAG_WARNING, "authentication is ignored in strict mode");
	else if (vi->version == 3)
		auth_drop(x, vi, DIAG_WARNING, "authentication is ignored, version 3 has none");
	else if (a->type == AUTH_NONE)
		auth_drop(x, vi, DIAG_ERROR,
			  diag_is_refused(x->c->diags, a, "auth_type")
				  ? "authentication without a usable auth_type is ignored"
				  : "authentication without auth_type is ignored");
	else if (!a->pass || !*a->pass)
		auth_drop(x, vi, DIAG_ERROR, "authentication without auth_pass is ignored");
	a = vi->authentication;
	vi->auth_type = a ? a->type : AUTH_NONE;
	vi->auth_pass = a ? a->pass : NULL;
}

/* ---- unicast and multicast ---- */

static void peers_complete(struct ctx *x, struct conf_instance *vi)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vi->peers.n; i++) {
		struct conf_unicast_peer *p = vi->peers.v[i];
		char ip[IP_TEXT_MAX];
		bool twice = false;

		for (unsigned k = 0; k < n; k++)
			twice |= ip_equal(&vi->peers.v[k]->addr, &p->addr);
		if (p->addr.family == vi->family && !twice) {
			if (block_is_set(p, 1) || block_is_set(p, 2)) /* min_ttl, max_ttl */
				vi->check_unicast_src = true;
			vi->peers.v[n++] = p;
			continue;
		}
		diag_add(x->c->diags, DIAG_ERROR, twice ? "given-twice" : "family", p->block.at,
			 "%s: peer %s is %s, ignored", vi->name, ip_format(&p->addr, ip),
			 twice ? "given twice" : "of the other family");
	}
	vi->peers.n = n;
}

static void unicast_complete(struct ctx *x, struct conf_instance *vi)
{
	peers_complete(x, vi);
	vi->unicast_ttl_set = IS_SET(x, vi, unicast_ttl) && vi->peers.n;
	if (vi->peers.n) {
		if (ip_is_set(&vi->group_addr)) {
			warn(x, vi, DIAG_WARNING, "mcast-dst-ip",
			     "mcast_dst_ip has no effect with unicast");
			DROP(x, vi, mcast_dst_ip);
		}
	} else if (IS_SET(x, vi, unicast_peer) || IS_SET(x, vi, unicast_src_ip) ||
		   IS_SET(x, vi, unicast_fault_no_peer)) {
		if (vi->unicast_fault_no_peer)
			vi->disabled = "unicast without a peer";
		warn(x, vi, vi->disabled ? DIAG_WARNING : DIAG_ERROR, "no-peer",
		     vi->disabled ? "unicast without a peer: it stays in FAULT"
				  : "unicast is asked for but no peer is listed, multicast is used")
			->hint = "list the other routers in `unicast_peer { }`";
	}
	if (IS_SET(x, vi, unicast_ttl) && !vi->peers.n) {
		warn(x, vi, DIAG_WARNING, "unicast-ttl",
		     "unicast_ttl has no effect with multicast");
		DROP(x, vi, unicast_ttl);
	}
	if (vi->vrf && (vi->interface || !vi->peers.n)) {
		warn(x, vi, DIAG_WARNING, "vrf", "vrf needs unicast without an interface, ignored");
		DROP(x, vi, vrf);
	}
	if (!ip_is_set(&vi->group_addr)) /* unicast: for the checksum of old peers */
		vi->group_addr = vi->family == IP_V6 ? x->c->conf->global.mcast_group6
						     : x->c->conf->global.mcast_group4;
	if (!vi->interface && (!vi->peers.n || !ip_is_set(&vi->src)))
		warn(x, vi, DIAG_FATAL, "no-interface",
		     diag_is_refused(x->c->diags, vi, "interface")
			     ? "without a usable `interface` it can't be run"
			     : "there is no `interface`")
			->hint =
			"only unicast with `unicast_src_ip` can do without";
}

/* ---- addresses ---- */

static void exclude(struct ctx *x, struct conf_instance *vi, struct conf_address *a)
{
	vec_push(x->c->a, &vi->excluded, a);
	block_mark(vi, x->bit.virtual_ipaddress_excluded);
}

/* How many addresses an advert has room for (vrrp-behaviour: an MTU of 1500 is assumed). */
static unsigned addresses_max(const struct conf_instance *vi)
{
	unsigned room = 1500 - 14 - (vi->family == IP_V6 ? 40 : 20) - 8;

	if (vi->version == 2)
		room -= 8;
	if (vi->auth_type == AUTH_AH)
		room -= 24;
	room /= vi->family == IP_V6 ? 16 : 4;
	return room < 255 ? room : 255;
}

static void vips_complete(struct ctx *x, struct conf_instance *vi)
{
	unsigned max = addresses_max(vi), n = 0, over = 0;
	char ip[IP_TEXT_MAX];
	struct diag *d;

	for (unsigned i = 0; i < vi->vips.n; i++) {
		struct conf_address *a = vi->vips.v[i];

		if (a->addr.family != vi->family) {
			d = diag_add(x->c->diags, DIAG_ERROR, "family", a->block.at,
				     "%s: %s is of the other family and can't be in its adverts",
				     vi->name, ip_format(&a->addr, ip));
			d->hint = "it is treated as one of `virtual_ipaddress_excluded`";
			d->tolerated = true; /* it is there */
			exclude(x, vi, a);
		} else if (n < max) {
			vi->vips.v[n++] = a;
		} else {
			exclude(x, vi, a);
			over++;
		}
	}
	vi->vips.n = n;
	for (unsigned i = 0; i < vi->excluded.n; i++)
		vi->excluded.v[i]->excluded = true;
	if (over)
		diag_add(x->c->diags, DIAG_WARNING, "too-many-addresses", vi->block.at,
			 "%s: an advert has room for %u addresses; the last %u are treated as "
			 "excluded",
			 vi->name, max, over)
			->hint = "move them to `virtual_ipaddress_excluded`";
}

static void no_vips_check(struct ctx *x, struct conf_instance *vi)
{
	if (vi->strict && vi->no_virtual_ipaddress)
		DROP(x, vi, no_virtual_ipaddress);
	if (vi->vips.n || vi->no_virtual_ipaddress)
		return;
	warn(x, vi, vi->version == 3 || vi->strict ? DIAG_FATAL : DIAG_WARNING, "no-address",
	     vi->version == 3 ? "version 3 needs an address in `virtual_ipaddress`"
	     : vi->strict     ? "strict mode needs an address in `virtual_ipaddress`"
			      : "there is no `virtual_ipaddress`")
		->hint = "`no_virtual_ipaddress` allows an instance without addresses";
}

/* ---- strict mode ---- */

static void strict_complete(struct ctx *x, struct conf_instance *vi)
{
	bool owner = vi->priority == 255;

	if (!vi->strict)
		return;
	if (vi->peers.n)
		warn(x, vi, DIAG_FATAL, "strict-unicast", "strict mode forbids unicast peers")
			->hint = "remove `vrrp_strict`, or give this instance `strict_mode off`";
	if (vi->vips.n && vi->family == IP_V6 && !ip_is_link_local(&vi->vips.v[0]->addr))
		warn(x, vi, DIAG_ERROR, "strict",
		     "strict mode: the first IPv6 address must be link-local");
	vi->down_timer_adverts = 3;
	vi->garp_lower_prio_delay = 0;
	vi->garp_lower_prio_repeat = 0;
	vi->lower_prio_no_advert = true;
	vi->higher_prio_send_advert = false;
	if (owner && !IS_SET(x, vi, owner_ignore_adverts))
		vi->owner_ignore_adverts = true;
	if (vi->vmac)
		vi->vmac->mac = NULL;
	vi->vmac_xmit_base = false;
}

/* On by default; strict mode turns it off, and version 2 in strict mode doesn't have it at all. */
static void accept_complete(struct ctx *x, struct conf_instance *vi)
{
	bool asked = IS_SET(x, vi, accept);

	if (vi->priority == 255)
		vi->accept = true;
	else if (vi->strict)
		vi->accept = asked && vi->version == 3;
	else
		vi->accept = asked || !vi->no_accept;
	if (asked && !vi->accept) {
		warn(x, vi, DIAG_WARNING, "strict", "strict mode: version 2 has no accept mode");
		DROP(x, vi, accept);
	}
}

/* As MASTER without the addresses that were meant it would take them away from a router that has them. */
void leave_out_instances(struct complete *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->conf->instances.n; i++) {
		struct conf_instance *vi = c->conf->instances.v[i];

		if (vi->vips.n || !diag_is_refused(c->diags, vi, "virtual_ipaddress")) {
			c->conf->instances.v[n++] = vi;
			continue;
		}
		diag_add(c->diags, DIAG_ERROR, "no-address", vi->block.at,
			 "%s: none of its addresses can be used, the instance is left out", vi->name);
		vec_push(c->a, &c->left_out, vi->name);
	}
	c->conf->instances.n = n;
}

void complete_instances(struct complete *c)
{
	struct ctx x = {0};

	ctx_init(&x, c);
	for (unsigned i = 0; i < c->conf->instances.n; i++) {
		struct conf_instance *vi = c->conf->instances.v[i];

		inherit(&x, vi);
		family_complete(&x, vi);
		priority_complete(&x, vi);
		preempt_complete(&x, vi);
		interval_complete(&x, vi);
		auth_complete(&x, vi);
		unicast_complete(&x, vi);
		vips_complete(&x, vi);
		strict_complete(&x, vi);
		accept_complete(&x, vi);
		no_vips_check(&x, vi);
		if (!IS_SET(&x, vi, virtual_router_id))
			warn(&x, vi, DIAG_FATAL, "no-vrid",
			     diag_is_refused(c->diags, vi, "virtual_router_id")
				     ? "without a usable `virtual_router_id` it can't be run"
				     : "there is no `virtual_router_id`")
				->expected = "virtual_router_id and a number from 1 to 255";
	}
}
