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
	for (unsigned from = 0; from < vi->n_va && !r; from += SLICE) {
		unsigned n = vi->n_va - from < SLICE ? vi->n_va - from : SLICE;

		for (unsigned i = 0; i < n; i++)
			v[i] = (struct firewall_element){.addr = vi->va[from + i].conf->addr,
							 .ifindex = g->links[vi->va[from + i].link].index};
		r = firewall_change(w->firewall, on, v, n);
	}
	if (r)
		log_err("(%s) can't %s the drop rules of its addresses: %s", vi->conf->name,
			on ? "add" : "remove", strerror(-r));
}

void guard_renew(struct vrrp_worker *w, struct generation *g)
{
	w->firewall = firewall_close(w->firewall);
	for (unsigned i = 0; i < g->n_vis; i++)
		if (g->vis[i].owning)
			guard_set(w, g, &g->vis[i], true);
}
