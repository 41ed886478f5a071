/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: everything that follows from one configuration, and going over from one to the next without
 * a gap: what the new one continues keeps its sockets, addresses, counters and place in the work to do.
 * Must not know: how a change is decided (core/vrrp/reload).
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#include <string.h>

/* ---- links ---- */

/* The configured names of interfaces, each once. Linear in the number of instances for few links. */
static uint32_t link_intern(struct generation *g, const char *name)
{
	struct link *l = link_find(g, name);

	if (!l) {
		l = &g->links[g->n_links++];
		str_copy(l->name, sizeof(l->name), name);
		l->port = CONF_NONE;
		l->tell_at = USEC_NEVER;
	}
	return (uint32_t)(l - g->links);
}

static const char *address_dev(const struct generation *g, const struct conf_address *c,
			       const struct conf_instance *i)
{
	if (c->dev)
		return c->dev;
	if (i)
		return i->interface ? i->interface : "";
	return g->conf->global.default_interface ? g->conf->global.default_interface : "eth0";
}

static unsigned addresses_of(const struct conf_instance *c)
{
	return c->vips.n + c->excluded.n;
}

/* How many names there can be at most. */
static unsigned links_max(const struct conf *c)
{
	unsigned n = c->static_addresses.n + 1;

	for (unsigned i = 0; i < c->instances.n; i++) {
		const struct conf_instance *vi = c->instances.v[i];

		n += 1 + vi->tracks[TRACK_INTERFACE].n;
		for (unsigned j = 0; j < vi->excluded.n; j++)
			n += vi->excluded.v[j]->dev != NULL;
		for (unsigned j = 0; j < vi->vips.n; j++)
			n += vi->vips.v[j]->dev != NULL;
	}
	for (unsigned i = 0; i < c->groups.n; i++)
		n += c->groups.v[i]->tracks[TRACK_INTERFACE].n;
	return n;
}

/* The router numbers the interfaces it cares about. */
static void link_ports(struct generation *g)
{
	for (unsigned i = 0; i < vrrp_router_ports(g->router); i++)
		g->links[link_intern(g, vrrp_router_port_name(g->router, i))].port = i;
}

static void link_delays(struct generation *g)
{
	for (unsigned i = 0; i < g->conf->interface_delays.n; i++) {
		const struct conf_interface_delay *d = g->conf->interface_delays.v[i];
		struct link *l = link_find(g, d->name);

		if (!l)
			continue;
		l->down_delay = d->down;
		l->up_delay = d->up;
		/* A delay must not outlast what the peers wait: (D - 1) x interval less 1/256 of it. */
		for (unsigned j = 0; j < g->conf->instances.n; j++) {
			const struct conf_instance *c = g->conf->instances.v[j];

			if (g->vis[j].link == (uint32_t)(l - g->links))
				l->down_delay = usec_min(
					l->down_delay,
					(c->down_timer_adverts - 1) * c->advert_int -
						(c->down_timer_adverts > 1 ? c->advert_int / 256
									   : 0));
		}
	}
}

static void link_paces(struct generation *g)
{
	const struct conf_global *gl = &g->conf->global;

	for (unsigned i = 0; i < g->conf->garp_groups.n; i++) {
		const struct conf_garp_group *c = g->conf->garp_groups.v[i];
		struct pace *p = arena_new_of(g->arena, struct pace);

		p->arp_gap = c->garp_interval == USEC_NEVER ? 0 : c->garp_interval;
		p->na_gap = c->gna_interval == USEC_NEVER ? 0 : c->gna_interval;
		for (unsigned j = 0; j < c->interfaces.n; j++) {
			struct link *l = link_find(g, c->interfaces.v[j]);

			if (l)
				l->pace = p;
		}
	}
	if (!gl->garp_interval && !gl->gna_interval)
		return;
	for (unsigned i = 0; i < g->n_links; i++) {
		if (g->links[i].pace)
			continue;
		g->links[i].pace = arena_new_of(g->arena, struct pace);
		g->links[i].pace->arp_gap = gl->garp_interval;
		g->links[i].pace->na_gap = gl->gna_interval;
	}
}

/* ---- instances ---- */

static void vi_address(struct generation *g, struct vi *vi, unsigned i, const struct conf_address *c)
{
	const char *dev = address_dev(g, c, vi->conf);
	uint32_t link = !c->dev && vi->link != LINK_NONE ? vi->link : link_intern(g, dev);

	vi->va[i].conf = c;
	vi->va[i].link = link;
	vi->va[i].slot = address_book_add(
		g->book, &(struct address_key){.link = link, .addr = c->addr, .prefix = c->prefix});
	if (vi->conf) {
		struct board_vip *b = &g->board.vips[vi->board->first_vip + i];

		b->addr = c->addr;
		b->prefix = c->prefix;
		b->excluded = i >= vi->conf->vips.n;
		str_copy(b->interface, sizeof(b->interface), dev);
	}
}

static void vi_packets(struct generation *g, struct vi *vi)
{
	const struct conf_instance *c = vi->conf;

	vi->n_dest = c->peers.n ? c->peers.n : 1;
	vi->stride = VRRP_IP4_HEADER + 8 + c->vips.n * (c->family == IP_V6 ? 16 : 4) + 8;
	vi->packets = arena_alloc(g->arena, (size_t)vi->n_dest * vi->stride);
}

static void vi_board(struct generation *g, struct vi *vi, uint32_t first_vip)
{
	const struct conf_instance *c = vi->conf;
	struct board_instance *b = &g->board.instances[vi->id];

	vi->board = b;
	str_copy(b->name, sizeof(b->name), c->name);
	str_copy(b->interface, sizeof(b->interface), c->interface ? c->interface : "");
	b->family = c->family;
	b->version = c->version;
	b->vrid = c->vrid;
	b->group = c->group;
	b->advert_int = c->advert_int;
	b->first_vip = first_vip;
	b->n_vips = addresses_of(c);
	b->n_peers = c->peers.n;
	for (unsigned i = 0; i < c->peers.n && i < BOARD_PEERS; i++)
		b->peers[i] = c->peers.v[i]->addr;
}

static void vi_init(struct generation *g, uint32_t id, uint32_t first_vip)
{
	struct vi *vi = &g->vis[id];
	const struct conf_instance *c = g->conf->instances.v[id];

	vi->conf = c;
	if (c->peers.n && c->version == 3 && !c->old_unicast_checksum)
		vi->conf = vi->detect = arena_copy(g->arena, c, sizeof(*c));
	vi->id = id;
	vi->link = c->interface ? link_intern(g, c->interface) : LINK_NONE;
	vi_board(g, vi, first_vip);
	vi_packets(g, vi);
	vi->drop = !c->accept && c->priority != 255;
	vi->n_va = addresses_of(c);
	vi->va = arena_alloc(g->arena, vi->n_va * sizeof(*vi->va));
	for (unsigned i = 0; i < vi->n_va; i++)
		vi_address(g, vi, i, i < c->vips.n ? c->vips.v[i] : c->excluded.v[i - c->vips.n]);
}

static void vi_static(struct generation *g)
{
	struct vi *vi = &g->vis[g->conf->instances.n];

	vi->id = g->conf->instances.n;
	vi->link = LINK_NONE;
	vi->n_va = g->conf->static_addresses.n;
	vi->va = arena_alloc(g->arena, vi->n_va * sizeof(*vi->va));
	for (unsigned i = 0; i < vi->n_va; i++)
		vi_address(g, vi, i, g->conf->static_addresses.v[i]);
}

/* ---- what the old one leaves ---- */

static bool had_address(const struct vi *old, const struct generation *og, const struct conf_address *c,
			const char *dev)
{
	for (unsigned i = 0; i < old->n_va; i++)
		if (ip_equal(&old->va[i].conf->addr, &c->addr) && old->va[i].conf->prefix == c->prefix &&
		    str_eq(og->links[old->va[i].link].name, dev))
			return true;
	return false;
}

/* An instance that goes on keeps its addresses, numbers and counters. */
static void vi_continue(struct generation *g, struct vi *vi, const struct generation *og, const struct vi *old)
{
	vi->state = old->state;
	vi->source = old->source;
	vi->ip_id = old->ip_id;
	vi->last_from = old->last_from;
	vi->logged = old->logged;
	vi->rounds = old->rounds;
	if (vi->conf) {
		vi->board->counters = old->board->counters;
		vi->board->refused = old->board->refused;
		vi->board->differs = old->board->differs;
		vi->board->state = old->board->state;
	}
	vi->owning = old->owning;
	for (unsigned i = 0; i < vi->n_va; i++) {
		if (vi->owning)
			address_book_want(g->book, vi->va[i].slot);
		vi->va[i].fresh = !had_address(old, og, vi->va[i].conf, g->links[vi->va[i].link].name);
	}
}

/* Addresses the old configuration had put on this host are known to the new one, wanted or not. */
static void inherit_addresses(struct generation *g, const struct generation *og)
{
	for (uint32_t s = 0; s < address_book_count(og->book); s++) {
		struct address_key k = *address_book_key(og->book, s);

		if (!address_book_present(og->book, s))
			continue;
		k.link = link_intern(g, og->links[k.link].name);
		address_book_seen(g->book, address_book_add(g->book, &k), true);
	}
}

/* ---- building ---- */

static unsigned slots_max(const struct conf *c)
{
	unsigned n = c->static_addresses.n;

	for (unsigned i = 0; i < c->instances.n; i++)
		n += addresses_of(c->instances.v[i]);
	return n;
}

/* What can be made without the old one: this may run aside, while the old one goes on. */
static void build(struct generation *g, unsigned old_links, unsigned old_slots)
{
	const struct conf *c = g->conf;
	uint32_t first_vip = 0;
	unsigned slots = slots_max(c) + old_slots;

	g->n_vis = c->instances.n + 1;
	g->vis = arena_alloc(g->arena, g->n_vis * sizeof(*g->vis));
	g->links = arena_alloc(g->arena, (links_max(c) + old_links) * sizeof(*g->links));
	g->book = address_book_new(g->arena, slots);
	g->gone = arena_alloc(g->arena, slots * sizeof(*g->gone));
	g->dirty = arena_alloc(g->arena, c->instances.n * sizeof(*g->dirty));
	g->link_tell_at = USEC_NEVER;
	for (unsigned i = 0; i < c->instances.n; i++) {
		vi_init(g, i, first_vip);
		first_vip += g->vis[i].n_va;
	}
	vi_static(g);
}

struct generation *generation_build(struct conf_loaded loaded, int board_fd, unsigned old_links,
				    unsigned old_slots)
{
	struct arena *a = arena_new();
	struct generation *g = arena_new_of(a, struct generation);

	g->arena = a;
	g->loaded = loaded;
	g->conf = loaded.conf;
	if (board_map(board_fd, true, &g->board) < 0 ||
	    g->board.header->shape.instances != g->conf->instances.n)
		return generation_free(g);
	build(g, old_links, old_slots);
	return g;
}

void generation_join(struct vrrp_worker *w, struct generation *g, struct generation *old)
{
	if (old)
		adverts_flush(w);
	g->router = old ? vrrp_router_reload(old->router, g->conf, clock_monotonic(), &g->parting)
			: vrrp_router_new(g->conf);
	g->out = vrrp_router_out(g->router);
	link_ports(g);
	if (old)
		inherit_addresses(g, old);
	link_delays(g);
	link_paces(g);
	for (unsigned i = 0; old && i < g->conf->instances.n; i++) {
		uint32_t o = vrrp_router_old_id(g->router, i);

		if (o != CONF_NONE)
			vi_continue(g, &g->vis[i], old, &old->vis[o]);
	}
	if (!old)
		return;
	board_event_carry(&g->board, &old->board);
	vi_continue(g, &g->vis[g->conf->instances.n], old, &old->vis[old->conf->instances.n]);
}

struct generation *generation_free(struct generation *g)
{
	if (!g)
		return NULL;
	vrrp_router_free(g->router);
	board_unmap(&g->board);
	arena_free(g->loaded.arena);
	arena_free(g->arena);
	return NULL;
}

/* Work in progress belongs to the instances of the old generation; their successors take it up. */
static void work_move(struct vrrp_worker *w, struct generation *g)
{
	w->work_head = NULL;
	w->work_tail = &w->work_head;
	w->blocked = false;
	for (unsigned i = 0; i < g->n_vis; i++)
		if (g->vis[i].owning && g->vis[i].rounds) {
			uint32_t rounds = g->vis[i].rounds;

			g->vis[i].rounds = 0;
			addresses_own(w, g, &g->vis[i]);
			addresses_announce(w, &g->vis[i], rounds, false);
		}
}

void generation_start(struct vrrp_worker *w, struct generation *g, struct generation *old)
{
	struct vrrp_event start = {.kind = VRRP_EV_START};
	struct vi *fixed = &g->vis[g->conf->instances.n];

	if (old) /* removed instances: priority 0, notifications; their addresses become surplus */
		driver_perform(w, old, &g->parting);
	adverts_flush(w);
	w->g = g;
	links_read(w, g);
	links_promote(g, old);
	work_move(w, g);
	ports_attach(w, g);
	links_tell_all(w, g);
	ports_attach(w, g); /* unicast sockets bind to the sources just found */
	g->ports_stale = false;
	ports_close_unused(w, g);
	if (!old) {
		requests_remove_all(w, g); /* left over from a crash: before the election starts */
		start.value = usec_max(0, g->conf->global.delay_after_boot - clock_monotonic());
	}
	addresses_inherited(w, g);
	if (old)
		guard_reload(w, g);
	if (fixed->n_va)
		addresses_own(w, g, fixed);
	driver_event(w, &start);
	report_all(g);
}
