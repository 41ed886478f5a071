/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers that died, and those that exist but do not run: when each is started again, and what of
 * its predecessor it may take up. Only vrrp owns something that must not outlive it: addresses. The
 * services of a dead lvs go on balancing in the kernel, and a new one takes them over.
 */
#include <string.h>

#include "io/sched.h"
#include "proc/supervisor/internal.h"

/* How old a heartbeat may get. The runner may be busy with starting a thousand scripts, lvs with the
 * kernel taking ten thousand servers, and nobody owns an address by them. */
static const usec_t heartbeat_limit[PROC_COUNT] = {
	[PROC_VRRP] = 3 * USEC_PER_SEC,
	[PROC_RUNNER] = 10 * USEC_PER_SEC,
	[PROC_LVS] = 10 * USEC_PER_SEC,
	[PROC_CHECK] = 6 * USEC_PER_SEC,
};

static struct board_header *board_of(const struct worker *w)
{
	return w->s->now.board[w->slot].map.header;
}

static usec_t heartbeat_of(const struct worker *w)
{
	return atomic_load(&board_of(w)->heartbeat);
}

bool revive_adopts(const struct worker *w)
{
	return w->id != PROC_VRRP || (!w->orphaned && !w->frozen);
}

/* Two owners are worse than none: what won't be held again in time is taken off the host. */
static void consider_orphans(struct worker *w, usec_t delay)
{
	bool all = w->frozen || restart_is_hopeless(&w->restart);
	unsigned n;

	if (w->id != PROC_VRRP || w->orphaned || w->s->o->dont_release)
		return;
	n = orphan_remove_addresses(w->s, all ? USEC_NEVER : delay);
	if (n == 0)
		return;
	w->orphaned = true;
	log_err("the vrrp worker can't be started again in time: its %u addresses were removed, so "
		"that "
		"there are not two owners",
		n);
}

void revive_worker(struct worker *w, const char *how)
{
	usec_t now = clock_monotonic();
	usec_t delay = restart_after_death(&w->restart, w->started, now);

	/* Killed by somebody else while it did not run: no different. */
	if (w->ready == w->s->now.number && now - heartbeat_of(w) > heartbeat_limit[w->id])
		w->frozen = true;
	w->again = true;
	atomic_fetch_add(&board_of(w)->restarts, 1);
	if (delay == 0) {
		worker_start(w, revive_adopts(w));
		worker_introduce(w);
		log_err("%s worker %s, started again", w->name, how);
		news_died(w, how, 0);
		return;
	}
	log_err("%s worker %s, next start in %lld s", w->name, how, (long long)(delay / USEC_PER_SEC));
	atomic_store(&board_of(w)->next_start, now + delay);
	consider_orphans(w, delay);
	news_died(w, how, delay);
	loop_timer_set(w->start_timer, now + delay);
}

/* ---- workers that exist, but do not run ---- */

static void watch_heartbeat(struct worker *w, usec_t now)
{
	usec_t beat = heartbeat_of(w);

	if (!watch_is_frozen(&w->beats, now, beat, heartbeat_limit[w->id]) || w->frozen)
		return;
	log_err("%s worker has not run for %lld ms: killed%s", w->name,
		(long long)((now - beat) / USEC_PER_MSEC),
		w->id == PROC_VRRP ? ", so that there are not two owners" : "");
	w->frozen = true;
	w->silent = now - beat;
	worker_kill(w);
}

/* Its guard took it away; only we have the right to give it back. */
static void watch_priority(struct worker *w, usec_t now)
{
	int r;

	if (!watch_gives_back(&w->priority, now, atomic_load(&board_of(w)->rt_priority)))
		return;
	r = sched_promote(w->pid, (int)w->priority.level);
	if (r < 0)
		log_info("%s worker gets no real-time priority again: %s", w->name, strerror(-r));
}

/* One that is starting or takes a new configuration has a deadline of its own, or nothing yet. */
void revive_watch(void *ctx)
{
	struct supervisor *s = ctx;
	usec_t now = clock_monotonic();

	for (enum slot slot = 0; slot < SLOTS; slot++) {
		struct worker *w = &s->worker[slot];

		if (s->phase != PHASE_RUNNING || s->reload || w->pid == 0 ||
		    w->ready != s->now.number) {
			watch_reset(&w->beats);
			continue;
		}
		watch_heartbeat(w, now);
		watch_priority(w, now);
	}
	news_send(s);
	loop_timer_set(s->watch_timer, now + WATCH_PERIOD);
}
