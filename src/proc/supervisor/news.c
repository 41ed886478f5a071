/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What befell a worker and what that costs, in a sentence, on its way to the runner, which puts it
 * among the events and tells it to those who want alerts. Must not know who wants them. The runner may
 * be the one that died: until it is ready again its news wait.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "proc/supervisor/internal.h"

void news_send(struct supervisor *s)
{
	struct worker *runner = &s->worker[SLOT_RUNNER];
	unsigned sent = 0;

	if (runner->ready == 0 || runner->channel.fd < 0)
		return;
	while (sent < s->news.n &&
	       channel_send(&runner->channel, MSG_WORKER_NEWS, &s->news.v[sent], NULL, 0) == 0)
		sent++;
	s->news.n -= sent;
	memmove(s->news.v, s->news.v + sent, s->news.n * sizeof(s->news.v[0]));
}

static void add(struct worker *w, enum worker_news event, const char *text)
{
	struct supervisor *s = w->s;
	struct msg_worker_news m = {.process = (uint8_t)w->id,
				    .index = (uint8_t)slot_index(w->slot),
				    .event = (uint8_t)event,
				    .at = clock_monotonic(),
				    .wall = clock_wall()};

	str_copy(m.text, sizeof(m.text), text);
	if (s->news.n == NEWS_MAX)
		memmove(s->news.v, s->news.v + 1, --s->news.n * sizeof(s->news.v[0]));
	s->news.v[s->news.n++] = m;
	news_send(s);
}

/* What is as before while nobody does its work, and what is not. */
static const char *cost(const struct worker *w)
{
	switch (w->id) {
	case PROC_VRRP:
		return w->orphaned ? "its addresses were removed, so that there are not two owners"
		       : w->frozen ? "its addresses go, an election decides who gets them"
				   : "its addresses stay";
	case PROC_LVS:
		return "the kernel goes on with the virtual servers as they are";
	case PROC_CHECK:
		return "its servers count as what they were";
	case PROC_RUNNER:
		return "scripts, notifications and alerts wait";
	case PROC_SUPERVISOR:
	case PROC_COUNT:
		break;
	}
	return "";
}

void news_died(struct worker *w, const char *how, usec_t delay)
{
	char text[240], killed[64], next[48];

	if (!w->gone)
		w->gone = w->died;
	snprintf(killed, sizeof(killed), "was killed as it had not run for %lld ms",
		 (long long)(w->silent / USEC_PER_MSEC));
	snprintf(next, sizeof(next), "next start in %lld s", (long long)(delay / USEC_PER_SEC));
	snprintf(text, sizeof(text), "%s worker %s, %s: %s", w->name, w->silent ? killed : how,
		 delay ? next : "started again", cost(w));
	w->silent = 0;
	add(w, WORKER_DIED, text);
}

void news_ready(struct worker *w)
{
	usec_t took = w->gone ? clock_monotonic() - w->gone : 0;
	char text[240];

	snprintf(text, sizeof(text), "%s worker is ready again after %lld ms", w->name,
		 (long long)((took + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
	log_notice("%s", text);
	add(w, WORKER_READY, text);
}
