/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: carrying out "these addresses belong here" and "announce them", in slices, so that however
 * many there are the first is announced at once and no advert of any instance waits behind them.
 * Must not know: why an instance owns its addresses, how they get to the kernel and what if that takes
 * long (requests.c): while a request is away, those who have nothing to add go on announcing.
 *
 * An instance works through its list once to add what is missing, announcing each slice as it is
 * there (the first of its rounds), then announces the whole list for the rounds that are left.
 * Where a garp_group or a global interval sets a pace, nothing is announced while adding; each
 * interface then gets one message per gap, the instances taking turns.
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#define SLICE_FIRST 8 /* the first slice is small: the first address is announced within a millisecond */
#define SLICES_FIRST 32 /* ... and so are those of all that begin together */

/* ---- the list of instances with something to do ---- */

static void work_push(struct vrrp_worker *w, struct vi *vi)
{
	if (vi->working)
		return;
	w->blocked = false;
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

static bool adds(const struct vi *vi)
{
	return vi->owning && vi->add_at < vi->n_va;
}

/* Whether the head of the list can go on, or another that is made the head. */
static bool head_ready(struct vrrp_worker *w)
{
	const struct vi *first = w->work_head;

	if (!first || !w->request.away)
		return first;
	do {
		if (!adds(w->work_head))
			return true;
		work_rotate(w);
	} while (w->work_head != first);
	return false;
}

const char *addresses_owner(const struct vi *vi)
{
	return vi->conf ? vi->conf->name : "static_ipaddress";
}

void addresses_note(struct generation *g, const struct vi *vi, unsigned i, bool present)
{
	if (vi->conf)
		g->board.vips[vi->board->first_vip + i].present = present;
}

void addresses_inherited(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned k = 0; k < g->n_vis; k++) {
		struct vi *vi = &g->vis[k];

		for (unsigned i = 0; i < vi->n_va; i++)
			addresses_note(g, vi, i, address_book_present(g->book, vi->va[i].slot));
		vi->leaving = !vi->owning;
	}
	w->leaving = true;
}

/* The next slice of an instance that still adds. */
static unsigned slice_end(const struct vi *vi)
{
	unsigned to = vi->add_at + (vi->add_at ? REQUEST_MAX : SLICE_FIRST);

	return to < vi->n_va ? to : vi->n_va;
}

/* That of the head of the list, and of others as long as the first announcement needn't wait for them. */
static void slices_add(struct vrrp_worker *w, struct generation *g)
{
	struct vi *head = w->work_head;
	unsigned n = 0;

	requests_add_begin(w);
	for (struct vi *vi = head; vi; vi = vi->next_work) {
		if (!adds(vi))
			continue;
		n += slice_end(vi) - vi->add_at;
		if ((vi != head && n > SLICES_FIRST) || !requests_add(w, g, vi, vi->add_at, slice_end(vi)))
			break;
	}
	requests_add_send(w);
}

/* The announcement is the first round's. */
void addresses_added(struct vrrp_worker *w, struct generation *g, struct vi *vi, unsigned from, unsigned to)
{
	usec_t never;

	if (!vi->owning || vi->add_at != from) /* let go of, or begun anew meanwhile */
		return;
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

	if (adds(vi)) {
		slices_add(w, g);
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

static void strayed_remove(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->n_links; i++)
		if (g->links[i].strayed) {
			requests_remove_strayed(w, g, &g->links[i]);
			return;
		}
	w->strayed = false;
}

/* The board has addresses as there until they are gone: should we die first, the supervisor removes them. */
static void left_note(struct vrrp_worker *w, struct generation *g)
{
	if (!w->leaving || w->request.away || address_book_has_surplus(g->book))
		return;
	w->leaving = false;
	for (unsigned k = 0; k < g->n_vis; k++) {
		struct vi *vi = &g->vis[k];

		for (unsigned i = 0; vi->leaving && !vi->owning && i < vi->n_va; i++)
			addresses_note(g, vi, i, false);
		vi->leaving = false;
	}
}

/* ---- what others call ---- */

bool addresses_busy(struct vrrp_worker *w)
{
	return w->request.away || w->work_head || w->strayed || w->guards_due || w->leaving ||
	       (w->g && address_book_has_surplus(w->g->book));
}

bool addresses_ready(struct vrrp_worker *w)
{
	return !w->blocked && addresses_busy(w);
}

bool addresses_work(void *ctx)
{
	struct vrrp_worker *w = ctx;

	if (!w->request.away && w->strayed)
		strayed_remove(w, w->g);
	if (!w->request.away && address_book_has_surplus(w->g->book))
		requests_remove(w, w->g);
	if (head_ready(w))
		slice(w, w->g);
	guard_settle(w, w->g);
	left_note(w, w->g);
	w->blocked = w->request.away && !head_ready(w);
	w->idle_armed = addresses_ready(w);
	if (!w->idle_armed)
		worker_settled(w);
	return w->idle_armed;
}

void addresses_resume(struct vrrp_worker *w)
{
	w->blocked = false;
	worker_settled(w);
	if (w->g)
		driver_arm(w);
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
	for (unsigned i = 0; i < vi->n_va; i++)
		address_book_unwant(g->book, vi->va[i].slot);
	vi->leaving = w->leaving = true;
	w->guards_due |= vi->drop;
}

static void queue_log(const struct generation *g, const struct vi *vi, const struct va *va)
{
	char text[IP_TEXT_MAX];

	log_debug("(%s) Sending/queueing %s on %s for %s", addresses_owner(vi),
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
