/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload: read, judge, compare, plan, hand out. Until the vrrp worker has said READY nothing has
 * changed and everything can be taken back; from then on the new generation is the present one and
 * the runner follows (if it can't, it is started again with it).
 *
 * Owns the reload that is going on, one at a time. A request during a reload is remembered once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/sdnotify.h"
#include "proc/supervisor/internal.h"

struct reload {
	struct report report;
	void (*done)(void *ctx, int status);
	void *ctx;
	bool committed; /* the vrrp worker has taken it */
};

/* A worker that has not answered by then is started again. */
#define RELOAD_LIMIT (30 * USEC_PER_SEC)

enum { RELOAD_OK = 0, RELOAD_FAILED = 1, RELOAD_ERRORS = 2 };

static void nobody_asks(void *ctx, int status)
{
}

static void finish(struct supervisor *s, int status)
{
	struct reload *r = s->reload;
	bool again = s->reload_again;

	s->reload = NULL;
	s->reload_again = false;
	if (s->phase == PHASE_RUNNING)
		loop_timer_set(s->timer, USEC_NEVER);
	if (s->next.number > 0)
		generation_done(s, &s->next, false);
	sdnotify_ready();
	r->done(r->ctx, status);
	free(r);
	if (again && s->phase == PHASE_RUNNING)
		reload_start(s, false, &report_to_log, nobody_asks, NULL);
}

/* Whether the loaded file may become the next generation; reports why not. */
static bool acceptable(struct supervisor *s, const struct conf_loaded *l, const struct report *r)
{
	struct settings *wanted;
	const char *forbidden;

	if (l->diags.count[DIAG_FATAL] + l->diags.count[DIAG_ERROR] > 0) {
		report_text(r, LVL_ERR,
			    "%s has errors: nothing was changed, generation %u stays in force",
			    s->conf_path, s->now.number);
		return false;
	}
	wanted = settings_new(l->conf);
	forbidden = settings_forbidden_change(s->now.settings, wanted);
	if (forbidden)
		report_text(
			r, LVL_ERR,
			"%s can't be changed by a reload: nothing was changed, restart the daemon",
			forbidden);
	settings_free(wanted);
	return !forbidden;
}

static void report_plan(struct supervisor *s, const struct conf_loaded *l, const struct report *r)
{
	struct conf_loaded old = generation_reread(&s->now);
	char *text = conf_plan_text(conf_diff(old.conf, l->conf, old.arena), old.arena);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		r->line(r->ctx, LVL_INFO, line);
	arena_free(old.arena);
}

static int hand_out(struct supervisor *s, const struct conf_loaded *l, const struct report *r)
{
	int e;

	if (s->worker[PROC_VRRP].channel.fd < 0) {
		report_text(r, LVL_ERR, "the vrrp worker is not running: nothing was changed");
		return -ENOTCONN;
	}
	e = generation_make(s, l->conf, s->now.number + 1, &s->next);
	if (e == 0) {
		e = worker_configure(&s->worker[PROC_VRRP], &s->next, false);
		if (e < 0)
			generation_done(s, &s->next, false);
	}
	if (e < 0)
		report_text(r, LVL_ERR, "configuration can't be handed out: %s", strerror(-e));
	return e;
}

void reload_start(struct supervisor *s, bool dry_run, const struct report *r,
		  void (*done)(void *ctx, int status), void *ctx)
{
	struct conf_loaded l;
	int status = RELOAD_OK;
	bool waits = false;

	if (s->phase != PHASE_RUNNING) {
		report_text(r, LVL_ERR, "the daemon is %s",
			    s->phase < PHASE_RUNNING ? "still starting" : "stopping");
		done(ctx, RELOAD_FAILED);
		return;
	}
	if (s->reload && !dry_run) {
		s->reload_again = true;
		report_text(r, LVL_NOTICE, "a reload is going on: this one follows it");
		done(ctx, RELOAD_OK);
		return;
	}
	if (!dry_run) {
		log_notice("Reloading");
		sdnotify_reloading();
	}
	l = generation_load(s, r, dry_run || r != &report_to_log);
	if (!acceptable(s, &l, r)) {
		status = RELOAD_ERRORS;
	} else {
		report_plan(s, &l, r);
		if (!dry_run) {
			waits = hand_out(s, &l, r) == 0;
			status = waits ? RELOAD_OK : RELOAD_FAILED;
		}
	}
	arena_free(l.arena);
	if (!waits) {
		if (!dry_run)
			sdnotify_ready();
		done(ctx, status);
		return;
	}
	s->reload = calloc(1, sizeof(*s->reload));
	if (!s->reload)
		abort();
	*s->reload = (struct reload){.report = *r, .done = done, .ctx = ctx};
	loop_timer_set(s->timer, clock_monotonic() + RELOAD_LIMIT);
}

/* The new generation is in force for the elections: it is the present one now. */
static void commit(struct supervisor *s)
{
	struct generation old = s->now;

	for (enum process p = PROC_VRRP; p < PROC_COUNT; p++) {
		struct board_header *h = s->next.board[p].map.header;

		atomic_store(&h->restarts, atomic_load(&old.board[p].map.header->restarts));
		atomic_store(&h->pid, s->worker[p].pid);
	}
	s->now = s->next;
	s->next = (struct generation){.text_fd = -1};
	s->reload->committed = true;
	generation_publish(s, &s->now);
	generation_done(s, &old, true);
	if (s->worker[PROC_RUNNER].channel.fd >= 0 &&
	    worker_configure(&s->worker[PROC_RUNNER], &s->now, false) < 0)
		worker_kill(&s->worker[PROC_RUNNER]);
}

static void reload_complete(struct supervisor *s)
{
	report_text(&s->reload->report, LVL_NOTICE, "Reload complete, generation %u is in force",
		    s->now.number);
	finish(s, RELOAD_OK);
}

enum process reload_waits_for(const struct supervisor *s)
{
	return s->reload->committed ? PROC_RUNNER : PROC_VRRP;
}

void reload_worker_ready(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;

	if (w->id == PROC_VRRP && m->generation == s->next.number) {
		if (m->error < 0) {
			report_text(&s->reload->report, LVL_ERR,
				    "the vrrp worker refused the new configuration (%.*s): "
				    "generation %u stays in force",
				    (int)sizeof(m->text), m->text, s->now.number);
			finish(s, RELOAD_FAILED);
			return;
		}
		w->ready = m->generation;
		commit(s);
	} else if (w->id == PROC_RUNNER && s->reload->committed && m->generation == s->now.number &&
		   m->error == 0) {
		w->ready = m->generation;
		reload_complete(s);
	}
}

void reload_worker_gone(struct worker *w)
{
	struct supervisor *s = w->s;

	if (w->id != PROC_VRRP || s->reload->committed)
		return; /* started again, it gets the new generation and says READY */
	report_text(&s->reload->report, LVL_ERR,
		    "the vrrp worker died during the reload: generation %u stays in force",
		    s->now.number);
	finish(s, RELOAD_FAILED);
}
