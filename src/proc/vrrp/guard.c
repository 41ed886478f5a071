/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: accept mode off: while the addresses of such an instance are here, traffic to and from them is
 * dropped. Must not know: how rules look (io/firewall).
 */
#include "proc/vrrp/driver.h"

#include "io/log.h"

#include <string.h>

#define SLICE 64

static bool firewall_start(struct vrrp_worker *w, const struct generation *g)
{
	const struct conf_global *c = &g->conf->global;
	int r = firewall_open(&(struct firewall_options){.table = c->nftables, .priority = c->nftables_priority,
							 .counters = c->nftables_counters},
			      &w->firewall);

	if (r < 0)
		log_err("accept mode off can't be kept up: no nftables here: %s", strerror(-r));
	return r == 0;
}

void guard_set(struct vrrp_worker *w, struct generation *g, struct vi *vi, bool on)
{
	struct firewall_element v[SLICE];
	int r = 0;

	if (!vi->drop || (!w->firewall && (!on || !firewall_start(w, g))))
		return;
	vi->guarded = on;
	for (unsigned from = 0; from < vi->n_va && !r; from += SLICE) {
		unsigned n = 0;

		for (unsigned i = from; i < vi->n_va && i < from + SLICE; i++) {
			const struct va *va = &vi->va[i];

			if (on || !address_book_wanted(g->book, va->slot))
				v[n++] = (struct firewall_element){.addr = va->conf->addr,
								   .ifindex = g->links[va->link].index};
		}
		r = n ? firewall_change(w->firewall, on, v, n) : 0;
	}
	if (r)
		log_err("(%s) can't %s the drop rules of its addresses: %s", vi->conf->name,
			on ? "add" : "remove", strerror(-r));
}

static void owners_guard(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->n_vis; i++)
		if (g->vis[i].owning)
			guard_set(w, g, &g->vis[i], true);
}

void guard_settle(struct vrrp_worker *w, struct generation *g)
{
	if (!w->guards_due || w->request.away || address_book_has_surplus(g->book))
		return;
	if (w->guards_stale) { /* from scratch */
		w->firewall = firewall_close(w->firewall);
		owners_guard(w, g);
	}
	for (unsigned i = 0; !w->guards_stale && i < g->n_vis; i++)
		if (g->vis[i].guarded && !g->vis[i].owning)
			guard_set(w, g, &g->vis[i], false);
	w->guards_due = w->guards_stale = false;
}

void guard_reload(struct vrrp_worker *w, struct generation *g)
{
	w->guards_due = w->guards_stale = true;
	if (address_book_has_surplus(g->book))
		owners_guard(w, g);
	guard_settle(w, g);
}
