/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what the kernel says of interfaces and addresses, turned into what the router is told: a
 * link is up or down (after its debounce), an instance's source address is this one, a VIP of ours
 * was removed by somebody else. Must not know: what the router makes of it.
 *
 * One netlink message may mean several things (a primary address that goes takes the VIPs with it),
 * so changes are noted while messages come in and told in links_settle(): sources first (so that a
 * link that is up finds them), then links, then removed VIPs of links that are still up.
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"
#include "io/sysctl.h"

#include <stdio.h>
#include <string.h>

struct link *link_find(struct generation *g, const char *name)
{
	for (unsigned i = 0; i < g->n_links; i++)
		if (str_eq(g->links[i].name, name))
			return &g->links[i];
	return NULL;
}

static struct link *link_by_index(struct generation *g, uint32_t index)
{
	for (unsigned i = 0; index && i < g->n_links; i++)
		if (g->links[i].index == index)
			return &g->links[i];
	return NULL;
}

/* ---- from the kernel ---- */

/* Addresses of a link that came or went with it. */
static void forget_addresses(struct generation *g, uint32_t link)
{
	for (uint32_t s = 0; s < address_book_count(g->book); s++)
		if (address_book_key(g->book, s)->link == link)
			address_book_seen(g->book, s, false);
}

static void link_set(struct generation *g, struct link *l, const struct link_state *s)
{
	if (l->index && l->index != s->index) {
		forget_addresses(g, (uint32_t)(l - g->links));
		l->promoted = false;
	}
	l->new_mac |= l->index == s->index && memcmp(l->mac, s->mac, sizeof(l->mac)) != 0;
	l->index = s->index;
	l->was_down |= !s->up;
	l->up = s->up;
	l->noarp = s->noarp;
	l->ethernet = s->mac_len == sizeof(l->mac);
	memcpy(l->mac, s->mac, sizeof(l->mac));
	l->changed = true;
}

static void link_unset(struct generation *g, struct link *l)
{
	forget_addresses(g, (uint32_t)(l - g->links));
	l->index = 0;
	l->up = l->promoted = false;
	l->was_down = true;
	l->changed = true;
}

static void promote(struct generation *g, struct link *l);

void links_event(void *ctx, const struct link_state *s, bool gone)
{
	struct vrrp_worker *w = ctx;
	struct link *by_index, *by_name;

	if (!w->g)
		return;
	by_index = link_by_index(w->g, s->index);
	by_name = link_find(w->g, s->name);
	if (by_index && (gone || by_index != by_name)) { /* deleted or renamed */
		link_unset(w->g, by_index);
		by_index->strayed = gone ? 0 : s->index;
		by_index->strayed_at = 0;
		w->strayed |= !gone;
	}
	if (!gone && by_name) {
		link_set(w->g, by_name, s);
		promote(w->g, by_name);
	}
}

/* keepalived's -a is about every address, its -D about those of interfaces it uses. */
static void address_log(struct vrrp_worker *w, const struct link *l, const struct address_state *a, bool gone)
{
	const struct link_state *s = NULL;
	char text[IP_TEXT_MAX];

	if (!w->options.address_monitoring && !w->options.log_detail)
		return;
	if (w->netlink) /* not yet while it is opened */
		s = netlink_link_by_index(w->netlink, a->ifindex);
	ip_format(&a->addr, text);
	if (w->options.address_monitoring)
		log_info("Netlink reflector reports IP %s %s %s", text, gone ? "removed from" : "added to",
			 s ? s->name : "an interface");
	if (l && w->options.log_detail)
		log_debug("%s address %s %s interface %s", gone ? "Deassigned" : "Assigned", text,
			  gone ? "from" : "for", l->name);
}

void links_address_event(void *ctx, const struct address_state *a, bool gone)
{
	struct vrrp_worker *w = ctx;
	struct generation *g = w->g;
	struct link *l = g ? link_by_index(g, a->ifindex) : NULL;
	uint32_t slot;

	address_log(w, l, a, gone);
	if (!l)
		return;
	l->changed = true;
	slot = address_book_find(g->book, &(struct address_key){.link = (uint32_t)(l - g->links),
								 .addr = a->addr, .prefix = a->prefix});
	if (slot == ADDRESS_NONE)
		return;
	if (gone && address_book_present(g->book, slot) && address_book_wanted(g->book, slot) &&
	    g->n_gone < address_book_count(g->book))
		g->gone[g->n_gone++] = slot;
	address_book_seen(g->book, slot, !gone);
}

/* ---- promote_secondaries ---- */

/* A primary address that goes then leaves its secondaries, our VIPs, in place. */
static void promote(struct generation *g, struct link *l)
{
	static const char dir[] = "net/ipv4/conf", name[] = "promote_secondaries";

	for (unsigned i = 0; l->index && !l->promoted && i < g->conf->instances.n; i++)
		if (g->vis[i].link == (uint32_t)(l - g->links) && g->vis[i].conf->promote_secondaries &&
		    sysctl_read(dir, l->name, name) == 0)
			l->promoted = sysctl_write(dir, l->name, name, 1) == 0;
}

static void demote(struct link *l)
{
	if (l->promoted && l->index)
		(void)sysctl_write("net/ipv4/conf", l->name, "promote_secondaries", 0);
	l->promoted = false;
}

static bool promotes(const struct generation *g, const struct link *l)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++)
		if (g->vis[i].link == (uint32_t)(l - g->links) && g->vis[i].conf->promote_secondaries)
			return true;
	return false;
}

void links_promote(struct generation *g, struct generation *old)
{
	for (unsigned i = 0; old && i < old->n_links; i++) {
		struct link *was = &old->links[i], *l = link_find(g, was->name);

		if (was->promoted && l && promotes(g, l))
			l->promoted = true;
		else
			demote(was);
	}
	for (unsigned i = 0; i < g->n_links; i++)
		promote(g, &g->links[i]);
}

void links_demote(struct generation *g)
{
	for (unsigned i = 0; i < g->n_links; i++)
		demote(&g->links[i]);
}

/* The picture as it is, without events: for a new generation. */
void links_read(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->n_links; i++) {
		const struct link_state *s = netlink_link_by_name(w->netlink, g->links[i].name);

		if (s)
			link_set(g, &g->links[i], s);
	}
	for (uint32_t s = 0; s < address_book_count(g->book); s++) {
		const struct address_key *k = address_book_key(g->book, s);
		uint32_t index = g->links[k->link].index;

		if (index && netlink_has_address(w->netlink, index, &k->addr, k->prefix))
			address_book_seen(g->book, s, true);
	}
}

/* ---- to the router ---- */

static void link_tell(struct vrrp_worker *w, struct link *l)
{
	struct vrrp_event ev = {.kind = VRRP_EV_LINK, .id = l->port};

	l->tell_at = USEC_NEVER;
	l->told_up = l->up;
	if (l->port == CONF_NONE)
		return;
	log_info("Netlink reports %s %s", l->name, l->index ? l->up ? "up" : "down" : "missing");
	ev.link.exists = l->index != 0;
	ev.link.up = l->up;
	driver_event(w, &ev);
}

/* A change is told at once, or after the interface's delay if it lasts that long. */
static void link_settle(struct vrrp_worker *w, struct link *l, usec_t now)
{
	usec_t delay = l->up ? l->up_delay : l->down_delay;

	if (l->up == l->told_up && l->index == l->told_index) {
		l->tell_at = USEC_NEVER;
		return;
	}
	if (l->tell_at == USEC_NEVER)
		l->tell_at = now + (l->index ? delay : 0);
	if (l->tell_at <= now) {
		l->told_index = l->index;
		link_tell(w, l);
	}
}

static bool is_vip(void *ctx, const struct address_state *a)
{
	struct generation *g = ctx;
	struct link *l = link_by_index(g, a->ifindex);

	return l && address_book_find(g->book, &(struct address_key){.link = (uint32_t)(l - g->links),
								      .addr = a->addr,
								      .prefix = a->prefix}) != ADDRESS_NONE;
}

static void find_configured(void *ctx, const struct address_state *a)
{
	struct ip_addr *wanted = ctx;

	if (ip_equal(&a->addr, wanted))
		wanted->family = IP_NONE; /* found */
}

static struct ip_addr source_of(struct vrrp_worker *w, struct generation *g, const struct vi *vi)
{
	struct ip_addr a = {0};

	if (ip_is_set(&vi->conf->src)) {
		struct ip_addr wanted = vi->conf->src;

		if (!vi->conf->track_src_ip)
			return wanted;
		netlink_each_address(w->netlink, find_configured, &wanted);
		return wanted.family == IP_NONE ? vi->conf->src : a;
	}
	if (vi->link != LINK_NONE && g->links[vi->link].index)
		netlink_source(w->netlink, g->links[vi->link].index, vi->conf->family, is_vip, g, &a);
	return a;
}

static void source_tell(struct vrrp_worker *w, struct generation *g, struct vi *vi, bool always)
{
	struct vrrp_event ev = {.kind = VRRP_EV_SOURCE, .id = vi->id};
	struct ip_addr a = source_of(w, g, vi);

	if (!always && ip_equal(&a, &vi->source))
		return;
	vi->source = a;
	vi->built = false;
	g->ports_stale = true;
	ev.source = a;
	if (!always) {
		driver_event(w, &ev);
		return;
	}
	vrrp_router_step(g->router, clock_monotonic(), &ev, &g->out);
	driver_perform(w, g, &g->out);
}

static bool tracked(const struct generation *g, const struct vi *vi, uint32_t slot)
{
	for (unsigned i = 0; i < vi->n_va; i++)
		if (vi->va[i].slot == slot)
			return g->links[vi->va[i].link].up && !vi->va[i].conf->no_track;
	return false;
}

static void gone_tell(struct vrrp_worker *w, struct generation *g, uint32_t slot)
{
	struct vrrp_event ev = {.kind = VRRP_EV_VIP_GONE, .vip = address_book_key(g->book, slot)->addr};
	char text[IP_TEXT_MAX];

	for (unsigned i = 0; i < g->n_vis; i++) {
		struct vi *vi = &g->vis[i];

		if (!vi->owning || address_book_present(g->book, slot) || !tracked(g, vi, slot))
			continue;
		log_debug("Netlink reflector reports IP %s removed from %s", ip_format(&ev.vip, text),
			  g->links[address_book_key(g->book, slot)->link].name);
		ev.id = vi->id;
		if (vi->conf)
			driver_event(w, &ev);
		else
			addresses_own(w, g, vi); /* a static address */
	}
}

static void sources_settle(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++) {
		struct vi *vi = &g->vis[i];

		if (vi->conf->track_src_ip || (vi->link != LINK_NONE && g->links[vi->link].changed))
			source_tell(w, g, vi, false);
	}
}

/* The kernel drops IPv6 addresses with a link that goes down; a short while may go untold. */
static void restore_after_down(struct vrrp_worker *w, struct generation *g, uint32_t link)
{
	for (unsigned i = 0; i < g->n_vis; i++) {
		struct vi *vi = &g->vis[i];

		for (unsigned j = 0; vi->owning && j < vi->n_va; j++)
			if (vi->va[j].link == link && !address_book_present(g->book, vi->va[j].slot)) {
				addresses_own(w, g, vi);
				break;
			}
	}
}

/* A switch learns of a new MAC by our adverts; the neighbours keep the old one until told. */
static void announce_new_mac(struct vrrp_worker *w, struct generation *g, uint32_t link)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++) {
		struct vi *vi = &g->vis[i];

		for (unsigned j = 0; vi->owning && j < vi->n_va; j++)
			if (vi->va[j].link == link) {
				addresses_announce(w, vi, vi->conf->garp_master_repeat, false);
				break;
			}
	}
}

static void ports_settle(struct vrrp_worker *w, struct generation *g)
{
	if (!g->ports_stale)
		return;
	g->ports_stale = false;
	adverts_flush(w);
	ports_attach(w, g);
	ports_close_unused(w, g);
}

void links_settle(struct vrrp_worker *w)
{
	struct generation *g = w->g;
	usec_t now = clock_monotonic();

	if (!g)
		return;
	sources_settle(w, g);
	for (unsigned i = 0; i < g->n_links; i++)
		if (g->links[i].changed && g->links[i].index != g->links[i].told_index)
			g->ports_stale = true;
	ports_settle(w, g);
	g->link_tell_at = USEC_NEVER;
	for (unsigned i = 0; i < g->n_links; i++) {
		link_settle(w, &g->links[i], now);
		g->link_tell_at = usec_min(g->link_tell_at, g->links[i].tell_at);
		g->links[i].changed = false;
		if (g->links[i].up && g->links[i].was_down) {
			g->links[i].was_down = false;
			restore_after_down(w, g, i);
		}
		if (g->links[i].new_mac && g->links[i].up) {
			g->links[i].new_mac = false;
			announce_new_mac(w, g, i);
		}
	}
	for (unsigned i = 0; i < g->n_gone; i++)
		gone_tell(w, g, g->gone[i]);
	g->n_gone = 0;
	driver_arm(w);
}

void links_tell_all(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++)
		source_tell(w, g, &g->vis[i], true);
	for (unsigned i = 0; i < g->n_links; i++) {
		struct link *l = &g->links[i];
		struct vrrp_event ev = {.kind = VRRP_EV_LINK, .id = l->port};

		l->told_up = l->up;
		l->told_index = l->index;
		l->changed = false;
		ev.link.exists = l->index != 0;
		ev.link.up = l->up;
		if (l->port == CONF_NONE)
			continue;
		vrrp_router_step(g->router, clock_monotonic(), &ev, &g->out);
		driver_perform(w, g, &g->out);
	}
}

usec_t links_deadline(const struct vrrp_worker *w)
{
	return w->g->link_tell_at;
}
