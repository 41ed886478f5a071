/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: carrying out "these addresses belong here" and "announce them", in slices, so that however
 * many there are the first is announced at once and no advert of any instance waits behind them.
 * Must not know: why an instance owns its addresses.
 *
 * An instance works through its list once to add what is missing, announcing each slice as it is
 * there (the first of its rounds), then announces the whole list for the rounds that are left.
 * Where a garp_group or a global interval sets a pace, nothing is announced while adding; each
 * interface then gets one message per gap, the instances taking turns.
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>

#define SLICE_FIRST 8 /* the first slice is small: the first address is announced within a millisecond */
#define SLICE NETLINK_BATCH_MAX /* some 3 ms, the longest an advert may wait for addresses */

/* ---- the list of instances with something to do ---- */

static void work_push(struct vrrp_worker *w, struct vi *vi)
{
	if (vi->working)
		return;
	vi->working = true;
	vi->next_work = NULL;
	*w->work_tail = vi;
	w->work_tail = &vi->next_work;
}

static void work_pop(struct vrrp_worker *w)
{
	struct vi *vi = w->work_head;

	w->work_head = vi->next_work;
	if (!w->work_head)
		w->work_tail = &w->work_head;
	vi->working = false;
}

static void work_rotate(struct vrrp_worker *w)
{
	struct vi *vi = w->work_head;

	work_pop(w);
	work_push(w, vi);
}

/* ---- adding ---- */

static uint32_t address_flags(const struct conf_address *c)
{
	bool v6 = c->addr.family == IP_V6;

	return (c->noprefixroute ? IFA_F_NOPREFIXROUTE : 0) | (c->autojoin ? IFA_F_MCAUTOJOIN : 0) |
	       (v6 && !c->dad ? IFA_F_NODAD : 0) | (v6 && c->home ? IFA_F_HOMEADDRESS : 0) |
	       (v6 && c->mngtmpaddr ? IFA_F_MANAGETEMPADDR : 0);
}

/* `+` sets and `-` clears the host bits. */
static struct ip_addr broadcast(const struct conf_address *c)
{
	struct ip_addr a = c->brd == BRD_ADDRESS ? c->brd_addr : c->addr;

	if (c->brd == BRD_PLUS || c->brd == BRD_MINUS)
		for (unsigned bit = c->prefix; bit < 32; bit++) {
			uint8_t mask = 0x80 >> bit % 8;

			a.b[bit / 8] = c->brd == BRD_PLUS ? a.b[bit / 8] | mask : a.b[bit / 8] & ~mask;
		}
	return a;
}

static struct address_change change_of(const struct generation *g, const struct conf_address *c,
				       const struct address_key *key, bool add)
{
	struct address_change ch = {.add = add};

	ch.a.ifindex = g->links[key->link].index;
	ch.a.addr = key->addr;
	ch.a.prefix = key->prefix;
	ch.a.proto = ADDRESS_PROTO_KEEPALIVED;
	if (!add || !c)
		return ch;
	ch.a.peer = c->peer;
	ch.a.scope = c->scope;
	ch.a.flags = address_flags(c);
	ch.label = c->label;
	if (c->addr.family == IP_V6) {
		ch.preferred_lft_set = c->preferred_lft != UINT32_MAX;
		ch.preferred_lft = c->preferred_lft;
	} else if (c->brd != BRD_NONE) {
		ch.brd_set = true;
		ch.brd = broadcast(c);
	}
	return ch;
}

static const char *vi_name(const struct vi *vi)
{
	return vi->conf ? vi->conf->name : "static_ipaddress";
}

static void note_present(struct generation *g, const struct vi *vi, unsigned i, bool present)
{
	if (vi->conf)
		g->board.vips[vi->board->first_vip + i].present = present;
}

void addresses_note(struct generation *g, const struct vi *vi)
{
	for (unsigned i = 0; i < vi->n_va; i++)
		note_present(g, vi, i, address_book_present(g->book, vi->va[i].slot));
}

/* Adds the missing ones of va[from..to). */
static void add_slice(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to)
{
	struct address_change changes[SLICE];
	unsigned index[SLICE], n = 0;

	for (unsigned i = from; i < to; i++) {
		struct va *va = &vi->va[i];

		if (address_book_present(g->book, va->slot) || !g->links[va->link].index)
			continue;
		index[n] = i;
		changes[n++] = change_of(g, va->conf, address_book_key(g->book, va->slot), true);
	}
	if (n)
		netlink_batch_send(w->netlink, changes, n);
	for (unsigned i = 0; i < n; i++) {
		struct va *va = &vi->va[index[i]];
		char text[IP_TEXT_MAX];

		if (!changes[i].error) {
			address_book_seen(g->book, va->slot, true);
			continue;
		}
		log_err("(%s) Netlink: error: %s(%d), adding %s/%u to %s", vi_name(vi),
			strerror(-changes[i].error), -changes[i].error, ip_format(&va->conf->addr, text),
			va->conf->prefix, g->links[va->link].name);
	}
	for (unsigned i = from; i < to; i++)
		note_present(g, vi, i, address_book_present(g->book, vi->va[i].slot));
}

/* The slice of an instance that still adds; its announcement is the first round's. */
static void slice_add(struct vrrp_worker *w, struct generation *g, struct vi *vi)
{
	unsigned from = vi->add_at;
	unsigned to = from + (from ? SLICE : SLICE_FIRST);
	usec_t never;

	if (to > vi->n_va)
		to = vi->n_va;
	add_slice(w, g, vi, from, to);
	if (vi->rounds && vi->say_at == from && !announce_paced(g, vi))
		while (vi->say_at < to)
			vi->say_at = announce_some(w, g, vi, vi->say_at, to, &never);
	vi->add_at = to;
}

static void round_over(struct vi *vi)
{
	vi->say_at = 0;
	if (--vi->rounds)
		return;
	if (vi->fresh_only)
		for (unsigned i = 0; i < vi->n_va; i++)
			vi->va[i].fresh = false;
	vi->fresh_only = false;
}

/* One slice for the instance at the head of the list. */
static void slice(struct vrrp_worker *w, struct generation *g)
{
	struct vi *vi = w->work_head;
	usec_t wait = 0;

	if (vi->owning && vi->add_at < vi->n_va) {
		slice_add(w, g, vi);
		return;
	}
	if (vi->owning && vi->rounds && vi->say_at < vi->n_va) {
		unsigned from = vi->say_at;

		vi->say_at = announce_some(w, g, vi, from, vi->n_va, &wait);
		if (wait) {
			vi->waiting = true;
			work_pop(w);
			if (wait < w->pace_at) {
				w->pace_at = wait;
				loop_timer_set(w->pacer, wait);
			}
			return;
		}
	}
	if (vi->owning && vi->rounds && vi->say_at >= vi->n_va)
		round_over(vi);
	if (vi->owning && vi->rounds)
		work_rotate(w);
	else
		work_pop(w);
}

/* The pace allows the next message: everybody who waited takes turns again. */
void addresses_paced(void *ctx)
{
	struct vrrp_worker *w = ctx;

	w->pace_at = USEC_NEVER;
	for (unsigned i = 0; i < w->g->n_vis; i++) {
		struct vi *vi = &w->g->vis[(i + w->pace_turn) % w->g->n_vis];

		if (!vi->waiting)
			continue;
		vi->waiting = false;
		work_push(w, vi);
	}
	w->pace_turn++;
	driver_arm(w);
}

/* ---- removing ---- */

static void remove_slice(struct vrrp_worker *w, struct generation *g)
{
	struct address_change changes[SLICE];
	uint32_t slots[SLICE];
	unsigned n = address_book_surplus(g->book, slots, SLICE), sent = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct address_key *key = address_book_key(g->book, slots[i]);

		if (!g->links[key->link].index) {
			address_book_seen(g->book, slots[i], false);
			continue;
		}
		slots[sent] = slots[i];
		changes[sent++] = change_of(g, NULL, key, false);
	}
	if (sent)
		netlink_batch_send(w->netlink, changes, sent);
	for (unsigned i = 0; i < sent; i++) {
		char text[IP_TEXT_MAX];

		if (!changes[i].error)
			address_book_seen(g->book, slots[i], false);
		else
			log_err("can't remove %s/%u from %s: %s", ip_format(&changes[i].a.addr, text),
				changes[i].a.prefix,
				g->links[address_book_key(g->book, slots[i])->link].name,
				strerror(-changes[i].error));
	}
}

void addresses_remove_surplus(struct vrrp_worker *w, struct generation *g)
{
	while (address_book_has_surplus(g->book))
		remove_slice(w, g);
}

void addresses_remove_strayed(struct vrrp_worker *w, struct generation *g, struct link *l)
{
	struct address_change changes[SLICE];
	unsigned n = 0;

	for (uint32_t s = 0; s < address_book_count(g->book); s++) {
		const struct address_key *key = address_book_key(g->book, s);

		if (key->link != (uint32_t)(l - g->links) ||
		    !netlink_has_address(w->netlink, l->strayed, &key->addr, key->prefix))
			continue;
		changes[n] = change_of(g, NULL, key, false);
		changes[n].a.ifindex = l->strayed;
		if (++n == SLICE) {
			netlink_batch_send(w->netlink, changes, n);
			n = 0;
		}
	}
	if (n)
		netlink_batch_send(w->netlink, changes, n);
	l->strayed = 0;
}

/* ---- what others call ---- */

bool addresses_busy(struct vrrp_worker *w)
{
	return w->work_head || (w->g && address_book_has_surplus(w->g->book));
}

bool addresses_work(void *ctx)
{
	struct vrrp_worker *w = ctx;

	if (w->g && address_book_has_surplus(w->g->book))
		remove_slice(w, w->g);
	if (w->work_head)
		slice(w, w->g);
	w->idle_armed = addresses_busy(w);
	if (!w->idle_armed)
		worker_stop_if_done(w);
	return w->idle_armed;
}

void addresses_own(struct vrrp_worker *w, struct generation *g, struct vi *vi)
{
	if (!vi->owning) {
		vi->owning = true;
		guard_set(w, g, vi, true);
		for (unsigned i = 0; i < vi->n_va; i++)
			address_book_want(g->book, vi->va[i].slot);
	}
	announce_routers_read(g, vi);
	vi->add_at = 0;
	vi->say_at = 0;
	vi->waiting = false;
	work_push(w, vi);
}

void addresses_disown(struct vrrp_worker *w, struct generation *g, struct vi *vi)
{
	vi->rounds = 0;
	vi->add_at = vi->say_at = 0;
	vi->waiting = vi->fresh_only = false;
	if (!vi->owning || (w->stopping && w->options.dont_release))
		return;
	vi->owning = false;
	for (unsigned i = 0; i < vi->n_va; i++) {
		address_book_unwant(g->book, vi->va[i].slot);
		note_present(g, vi, i, false);
	}
	if (vi->drop) { /* the rules outlast the addresses */
		addresses_remove_surplus(w, g);
		guard_set(w, g, vi, false);
	}
}

static void queue_log(const struct generation *g, const struct vi *vi, const struct va *va)
{
	char text[IP_TEXT_MAX];

	log_debug("(%s) Sending/queueing %s on %s for %s", vi_name(vi),
		  va->conf->addr.family == IP_V4 ? "gratuitous ARPs" : "Unsolicited Neighbour Adverts",
		  g->links[va->link].name, ip_format(&va->conf->addr, text));
}

void addresses_announce(struct vrrp_worker *w, struct vi *vi, uint32_t rounds, bool fresh_only)
{
	if (!vi->owning || !vi->n_va)
		return;
	for (unsigned i = 0; w->options.log_detail && i < vi->n_va; i++)
		queue_log(w->g, vi, &vi->va[i]);
	if (!vi->rounds) {
		vi->say_at = 0;
		vi->fresh_only = fresh_only;
	} else if (!fresh_only) {
		vi->fresh_only = false;
	}
	vi->rounds = vi->rounds + rounds < vi->rounds ? UINT32_MAX : vi->rounds + rounds;
	if (!vi->waiting)
		work_push(w, vi);
}
