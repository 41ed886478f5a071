/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the one batch of address changes that is on its way to the kernel. Must not know: why an
 * address belongs here, what comes after it is there (addresses.c).
 *
 * The kernel does a batch in a millisecond or three, or when others hold its lock on interfaces (each
 * container that comes or goes does), in seconds. A thread carries it there (io/errand). We wait for it
 * as long as it takes as a rule, then it is *away*, and the loop goes on: adverts are sent and heard.
 * Until it is back no other request leaves, so that their order is kept, news of the kernel wait, and a
 * new configuration is not taken up.
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#include <assert.h>
#include <linux/if_addr.h>
#include <string.h>

#define PATIENCE (3 * USEC_PER_MSEC) /* the longest an advert may wait for addresses */

/* ---- the batch ---- */

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

static struct request *request_new(struct vrrp_worker *w, enum request_kind kind)
{
	assert(!w->request.away);
	w->request.kind = kind;
	w->request.n = w->request.n_parts = 0;
	return &w->request;
}

static void change_put(struct request *r, uint32_t index, struct address_change c)
{
	r->index[r->n] = index;
	r->changes[r->n++] = c;
}

/* ---- there and back ---- */

static void added_log(const struct generation *g, const struct vi *vi, const struct va *va, int error)
{
	char text[IP_TEXT_MAX];

	log_err("(%s) Netlink: error: %s(%d), adding %s/%u to %s", addresses_owner(vi), strerror(-error),
		-error, ip_format(&va->conf->addr, text), va->conf->prefix, g->links[va->link].name);
}

static void part_added(struct generation *g, const struct request_part *p, const uint32_t *index,
		       const struct address_change *c)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct va *va = &p->vi->va[index[i]];

		if (!c[i].error)
			address_book_seen(g->book, va->slot, true);
		else
			added_log(g, p->vi, va, c[i].error);
		addresses_note(g, p->vi, index[i], address_book_present(g->book, va->slot));
	}
}

static void added(struct vrrp_worker *w, struct generation *g, const struct request *r)
{
	unsigned at = 0;

	for (unsigned i = 0; i < r->n_parts; i++) {
		const struct request_part *p = &r->parts[i];

		part_added(g, p, r->index + at, r->changes + at);
		at += p->n;
		addresses_added(w, g, p->vi, p->from, p->to);
	}
}

static void removed(struct generation *g, const struct request *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct address_change *c = &r->changes[i];
		char text[IP_TEXT_MAX];

		if (!c->error)
			address_book_seen(g->book, r->index[i], false);
		else
			log_err("can't remove %s/%u from %s: %s", ip_format(&c->a.addr, text), c->a.prefix,
				g->links[address_book_key(g->book, r->index[i])->link].name,
				strerror(-c->error));
	}
}

static void finish(struct vrrp_worker *w)
{
	struct request *r = &w->request;

	netlink_batch_end(w->netlink);
	if (r->kind == REQUEST_ADD)
		added(w, w->g, r);
	else if (r->kind == REQUEST_REMOVE)
		removed(w->g, r);
}

/* In the thread: of all we have it touches the batch alone. */
static void carry(void *ctx)
{
	struct vrrp_worker *w = ctx;

	netlink_batch_exchange(w->netlink);
}

static void back(void *ctx)
{
	struct vrrp_worker *w = ctx;

	w->request.away = false;
	loop_fd_pause(w->netlink_watch, false);
	finish(w);
	addresses_resume(w);
}

/* Should we die now, the supervisor is to remove what may be there by then. */
static void note_away(struct generation *g, const struct request *r)
{
	unsigned at = 0;

	for (unsigned i = 0; r->kind == REQUEST_ADD && i < r->n_parts; i++)
		for (unsigned k = 0; k < r->parts[i].n; k++)
			addresses_note(g, r->parts[i].vi, r->index[at++], true);
}

static void go(struct vrrp_worker *w, usec_t patience)
{
	struct request *r = &w->request;

	netlink_batch_begin(w->netlink, r->changes, r->n);
	if (errand_run(w->errand, patience)) {
		finish(w);
		return;
	}
	r->away = true;
	loop_fd_pause(w->netlink_watch, true);
	note_away(w->g, r);
}

/* ---- what others call ---- */

int requests_open(struct vrrp_worker *w, void (*begin)(void *ctx))
{
	return errand_new(w->loop,
			  &(struct errand_options){.rt_priority = w->sched.rt_priority, .begin = begin,
						   .work = carry, .done = back, .ctx = w},
			  &w->errand);
}

void requests_add_begin(struct vrrp_worker *w)
{
	request_new(w, REQUEST_ADD);
}

bool requests_add(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to)
{
	struct request *r = &w->request;
	struct request_part *p = &r->parts[r->n_parts];

	if (r->n_parts == REQUEST_PARTS || r->n + (to - from) > REQUEST_MAX)
		return false;
	r->n_parts++;
	*p = (struct request_part){.vi = vi, .from = from, .to = to};
	for (unsigned i = from; i < to; i++) {
		const struct va *va = &vi->va[i];

		addresses_note(g, vi, i, address_book_present(g->book, va->slot));
		if (address_book_present(g->book, va->slot) || !g->links[va->link].index)
			continue;
		change_put(r, i, change_of(g, va->conf, address_book_key(g->book, va->slot), true));
		p->n++;
	}
	return true;
}

void requests_add_send(struct vrrp_worker *w)
{
	if (w->request.n)
		go(w, PATIENCE);
	else
		added(w, w->g, &w->request);
}

static void remove_some(struct vrrp_worker *w, struct generation *g, usec_t patience)
{
	struct request *r = request_new(w, REQUEST_REMOVE);
	uint32_t slots[REQUEST_MAX];
	unsigned n = address_book_surplus(g->book, slots, REQUEST_MAX);

	for (unsigned i = 0; i < n; i++) {
		const struct address_key *key = address_book_key(g->book, slots[i]);

		if (g->links[key->link].index)
			change_put(r, slots[i], change_of(g, NULL, key, false));
		else
			address_book_seen(g->book, slots[i], false);
	}
	if (r->n)
		go(w, patience);
}

void requests_remove(struct vrrp_worker *w, struct generation *g)
{
	remove_some(w, g, PATIENCE);
}

void requests_remove_all(struct vrrp_worker *w, struct generation *g)
{
	while (address_book_has_surplus(g->book))
		remove_some(w, g, USEC_NEVER);
}

void requests_remove_strayed(struct vrrp_worker *w, struct generation *g, struct link *l)
{
	struct request *r = request_new(w, REQUEST_STRAYED);

	while (l->strayed_at < address_book_count(g->book) && r->n < REQUEST_MAX) {
		uint32_t slot = l->strayed_at++;
		const struct address_key *key = address_book_key(g->book, slot);
		struct address_change c;

		if (key->link != (uint32_t)(l - g->links) ||
		    !netlink_has_address(w->netlink, l->strayed, &key->addr, key->prefix))
			continue;
		c = change_of(g, NULL, key, false);
		c.a.ifindex = l->strayed;
		change_put(r, slot, c);
	}
	if (l->strayed_at == address_book_count(g->book))
		l->strayed = 0;
	if (r->n)
		go(w, PATIENCE);
}
