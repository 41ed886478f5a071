/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: saying that an address is here: gratuitous ARP and unsolicited neighbour advertisements, in
 * batches, at the pace of a garp_group or a global interval. Must not know: why, and how often
 * (addresses.c, core/vrrp).
 */
#include "proc/vrrp/driver.h"

#include "io/log.h"
#include "io/sysctl.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#define ROUTER_GOOD (5 * USEC_PER_SEC) /* how long "we forward" is believed */

static bool announceable(const struct generation *g, const struct va *va)
{
	const struct link *l = &g->links[va->link];

	return l->index && l->ethernet && !l->noarp;
}

static void frame_make(struct vrrp_worker *w, const struct generation *g, const struct va *va, unsigned i,
		       struct frame_tx *ret)
{
	const struct link *l = &g->links[va->link];
	bool v4 = va->conf->addr.family == IP_V4;

	ret->ifindex = l->index;
	ret->data = w->frames[i];
	ret->ethertype = v4 ? ETH_P_ARP : ETH_P_IPV6;
	ret->len = v4 ? vrrp_garp_write(&va->conf->addr, l->mac, w->frames[i])
		      : vrrp_na_write(&va->conf->addr, l->mac, l->router6, w->frames[i]);
}

/* keepalived's -D has a line for each. */
static void say_log(const struct generation *g, const struct va *va)
{
	char text[IP_TEXT_MAX];

	log_debug("Sending %s on %s for %s",
		  va->conf->addr.family == IP_V4 ? "gratuitous ARP" : "unsolicited Neighbour Advert",
		  g->links[va->link].name, ip_format(&va->conf->addr, text));
}

static void frames_send(struct vrrp_worker *w, const struct frame_tx *v, unsigned n)
{
	int r = n && w->frame_fd >= 0 ? frame_send(w->frame_fd, v, n) : 0;

	if (r < 0 && r != -ENETDOWN)
		log_notice("can't send %u gratuitous ARP or neighbour advertisement: %s", n, strerror(-r));
}

/* Whether this address may be announced now; takes its turn if so. Else *ret_next is when. */
static bool pace_take(const struct generation *g, const struct va *va, usec_t now, usec_t *ret_next)
{
	struct pace *p = g->links[va->link].pace;
	bool v4 = va->conf->addr.family == IP_V4;
	usec_t *next, gap;

	if (!p)
		return true;
	gap = v4 ? p->arp_gap : p->na_gap;
	next = v4 ? &p->arp_next : &p->na_next;
	if (now < *next) {
		*ret_next = *next;
		return false;
	}
	*next = gap ? now + gap : 0;
	return true;
}

unsigned announce_some(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to,
		       usec_t *ret_wait)
{
	struct frame_tx v[FRAME_BATCH];
	usec_t now = clock_monotonic();
	unsigned i, n = 0;

	for (i = from; i < to && n < FRAME_BATCH; i++) {
		struct va *va = &vi->va[i];

		if (!announceable(g, va) || !address_book_present(g->book, va->slot) ||
		    (vi->fresh_only && !va->fresh))
			continue;
		if (!pace_take(g, va, now, ret_wait))
			break;
		frame_make(w, g, va, n, &v[n]);
		n++;
	}
	frames_send(w, v, n);
	for (unsigned k = from; w->options.log_detail && k < i; k++)
		if (announceable(g, &vi->va[k]) && address_book_present(g->book, vi->va[k].slot) &&
		    (!vi->fresh_only || vi->va[k].fresh))
			say_log(g, &vi->va[k]);
	return i;
}

bool announce_paced(const struct generation *g, const struct vi *vi)
{
	for (unsigned i = 0; i < vi->n_va; i++)
		if (g->links[vi->va[i].link].pace)
			return true;
	return false;
}

void announce_routers_read(struct generation *g, struct vi *vi)
{
	usec_t now = clock_monotonic();

	for (unsigned i = 0; i < vi->n_va; i++) {
		struct link *l = &g->links[vi->va[i].link];

		if (vi->va[i].conf->addr.family != IP_V6 || now < l->router6_until)
			continue;
		l->router6 = sysctl_read("net/ipv6/conf", l->name, "forwarding") > 0;
		l->router6_until = now + ROUTER_GOOD;
	}
}

void announce_links(struct vrrp_worker *w, struct generation *g, struct vi *vi)
{
	struct frame_tx f;

	w->links_turn++;
	for (unsigned i = 0; vi->owning && i < vi->n_va; i++) {
		struct va *va = &vi->va[i];
		struct link *l = &g->links[va->link];

		if (l->said_turn == w->links_turn || !announceable(g, va) ||
		    !address_book_present(g->book, va->slot))
			continue;
		l->said_turn = w->links_turn;
		frame_make(w, g, va, 0, &f);
		frames_send(w, &f, 1);
	}
}

void announce_source(struct vrrp_worker *w, struct vi *vi)
{
	struct conf_address c = {.addr = vi->source};
	struct va va = {.conf = &c, .link = vi->link};
	struct frame_tx f;

	if (vi->link == LINK_NONE || !ip_is_set(&vi->source) || !announceable(w->g, &va))
		return;
	frame_make(w, w->g, &va, 0, &f);
	frames_send(w, &f, 1);
}
