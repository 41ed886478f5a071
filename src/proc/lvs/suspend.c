/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ha_suspend (LVS behaviour 9): the checkers of a virtual server rest while none of its addresses is
 * on this host. State and kernel tables stay as they are meanwhile. Owns the address monitor, which
 * exists only when somebody asked.
 */
#include <errno.h>
#include <string.h>

#include "core/lvs/lvs.h"
#include "proc/lvs/internal.h"

static bool wanted(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->virtual_servers.n; i++)
		if (conf->virtual_servers.v[i]->ha_suspend)
			return true;
	return false;
}

/* ---- whether the address of a virtual server is here ---- */

struct search {
	const struct conf_virtual_server *vs;
	bool found;
};

static bool in_group(const struct conf_virtual_server_group *g, const struct ip_addr *a)
{
	for (unsigned i = 0; i < g->entries.n; i++) {
		const struct conf_group_entry *e = g->entries.v[i];

		if (!e->is_mark && e->first.family == a->family && ip_compare(a, &e->first) >= 0 &&
		    ip_compare(a, &e->last) <= 0)
			return true;
	}
	return false;
}

static void look_at(void *ctx, const struct address_state *a)
{
	struct search *s = ctx;

	if (s->found)
		return;
	s->found = s->vs->kind == SERVICE_GROUP ? in_group(s->vs->group, &a->addr)
						: ip_equal(&s->vs->addr, &a->addr);
}

static bool is_here(const struct lvs_worker *w, const struct conf_virtual_server *vs)
{
	struct search s = {.vs = vs};

	netlink_each_address(w->addresses, look_at, &s);
	return s.found;
}

/* ---- telling ---- */

static bool send_state(struct lvs_worker *w, unsigned peer, uint32_t vs)
{
	const struct msg_suspend m = {
		.generation = w->generation, .vs = vs, .suspended = w->suspended[vs]};

	return channel_send(worker_channel(w, peer),
			    peer == PEER_RUNNER ? MSG_SUSPEND_RUNNER : MSG_SUSPEND_CHECK, &m, NULL,
			    0) != -EAGAIN;
}

/* A check process keeps what is said of a generation that it does not run yet; the runner does not. */
static bool hears(const struct lvs_worker *w, unsigned peer)
{
	return peer != PEER_VRRP && w->peers[peer].channel.fd >= 0 &&
	       (peer != PEER_RUNNER || w->peers[peer].complete);
}

static void tell_rest(struct lvs_worker *w, unsigned peer)
{
	uint32_t *next = &w->peers[peer].suspend_next;

	if (!hears(w, peer))
		return;
	for (; *next < w->conf->virtual_servers.n; ++*next)
		if (w->conf->virtual_servers.v[*next]->ha_suspend && !send_state(w, peer, *next))
			return;
}

void suspend_tell(struct lvs_worker *w, unsigned peer)
{
	w->peers[peer].suspend_next = 0;
	tell_rest(w, peer);
}

void suspend_tell_rest(struct lvs_worker *w)
{
	for (unsigned p = 0; p < PEERS; p++)
		tell_rest(w, p);
}

/* Peers that have not been told of it yet will hear of it in their turn. */
static void turn(struct lvs_worker *w, uint32_t vs, bool suspended)
{
	char name[LVS_NAME_MAX];

	lvs_service_name(w->conf->virtual_servers.v[vs], name);
	log_info("%s checks of VS %s: its address is %s this host",
		 suspended ? "Suspending the" : "Resuming the", name,
		 suspended ? "not on" : "on");
	w->suspended[vs] = suspended;
	w->board_dirty = true;
	for (unsigned p = 0; p < PEERS; p++)
		if (hears(w, p) && vs < w->peers[p].suspend_next && !send_state(w, p, vs))
			w->peers[p].suspend_next = vs;
}

static void look_again(struct lvs_worker *w)
{
	for (uint32_t i = 0; i < w->conf->virtual_servers.n; i++) {
		const struct conf_virtual_server *vs = w->conf->virtual_servers.v[i];
		bool suspended = vs->ha_suspend && !is_here(w, vs);

		if (suspended != w->suspended[i])
			turn(w, i, suspended);
	}
}

/* ---- the monitor ---- */

static void on_link(void *ctx, const struct link_state *l, bool gone)
{
}

static void on_address(void *ctx, const struct address_state *a, bool gone)
{
}

static void on_readable(void *ctx)
{
	struct lvs_worker *w = ctx;

	netlink_dispatch(w->addresses);
	look_again(w);
}

static void open_monitor(struct lvs_worker *w)
{
	const struct conf_rcvbuf *buffer = &w->conf->global.lvs_monitor_rcvbuf;
	const struct netlink_options options = {
		.monitor_rcvbuf = buffer->size, .monitor_force = buffer->force, .monitor = true};
	const struct netlink_events events = {.ctx = w, .link = on_link, .address = on_address};
	int r = netlink_open(&options, &events, &w->addresses);

	if (r < 0) {
		w->addresses = NULL;
		log_err("addresses can't be watched, ha_suspend has no effect: %s", strerror(-r));
		return;
	}
	w->addresses_watch = loop_fd_add(w->loop, netlink_fd(w->addresses), on_readable, w);
}

void suspend_configure(struct lvs_worker *w)
{
	w->suspended = arena_alloc(w->arena, w->conf->virtual_servers.n * sizeof(bool));
	if (!wanted(w->conf)) {
		suspend_close(w);
		return;
	}
	if (!w->addresses)
		open_monitor(w);
	if (w->addresses)
		look_again(w);
}

void suspend_close(struct lvs_worker *w)
{
	w->addresses_watch = loop_fd_free(w->addresses_watch);
	if (w->addresses)
		w->addresses = netlink_close(w->addresses);
}
