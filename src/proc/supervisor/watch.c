/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a worker from what it writes on its board. Pure: told the time, owns counters, must not
 * know what a process is.
 *
 * A worker that does not run keeps its addresses while a backup takes over: two owners. But whoever
 * pauses the whole machine stops us too, and at our first check afterwards every heartbeat is old
 * although the worker is fine: that check says nothing, and it takes two more.
 */
#include "proc/supervisor/watch.h"

#define MISSED_MAX 2

bool watch_is_frozen(struct watch *w, usec_t now, usec_t heartbeat, usec_t limit)
{
	bool punctual = w->due != 0 && now - w->due <= WATCH_PUNCTUAL;

	w->due = now + WATCH_PERIOD;
	if (!punctual || now - heartbeat <= limit)
		w->missed = 0;
	else
		w->missed++;
	return w->missed >= MISSED_MAX;
}

void watch_reset(struct watch *w)
{
	*w = (struct watch){0};
}

static usec_t calm_wanted(unsigned given)
{
	usec_t calm = WATCH_CALM;

	while (given-- > 0 && calm < WATCH_CALM_MAX)
		calm *= 2;
	return usec_min(calm, WATCH_CALM_MAX);
}

static void has_it(struct watch_priority *w, usec_t now, uint32_t level)
{
	if (w->lost || w->level == 0)
		w->since = now;
	w->level = level;
	w->lost = false;
	if (now - w->since >= WATCH_CALM_MAX)
		w->given = 0;
}

bool watch_gives_back(struct watch_priority *w, usec_t now, uint32_t priority)
{
	if (priority > 0) {
		has_it(w, now, priority);
		return false;
	}
	if (w->level == 0)
		return false; /* it never got one: nobody took it away */
	if (!w->lost) {
		w->lost = true;
		w->since = now;
	}
	if (now - w->since < calm_wanted(w->given))
		return false;
	w->given++;
	w->since = now;
	return true;
}
