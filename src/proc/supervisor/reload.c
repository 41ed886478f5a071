/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload: read, judge, compare, plan, hand out. Until the vrrp worker has said READY nothing has
 * changed and everything can be taken back; from then on the new generation is the present one and
 * the runner follows (if it can't, it is started again with it).
 *
 * Owns the reload that is going on, one at a time. Whoever asks during a reload gets another one
 * after it, together with all others who asked meanwhile: the file may have changed since it was
 * read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/memory.h"
#include "io/sdnotify.h"
#include "proc/supervisor/internal.h"

#define ASKERS_MAX 32
/* A worker that has not answered by then is started again. */
#define RELOAD_LIMIT (30 * USEC_PER_SEC)

enum { RELOAD_OK = 0, RELOAD_FAILED = 1, RELOAD_ERRORS = 2 };

struct askers {
	struct asker v[ASKERS_MAX];
	unsigned n;
};

struct reload {
	struct askers askers;
	struct askers next; /* of the reload that follows */
	bool dry_run;
	bool committed; /* the vrrp worker has taken it */
};

static void run(struct supervisor *s, const struct askers *askers, bool dry_run);

/* ---- telling ---- */

static void askers_line(void *ctx, enum log_level level, const char *text)
{
	const struct askers *a = ctx;

	for (unsigned i = 0; i < a->n; i++)
		if (a->v[i].line)
			a->v[i].line(a->v[i].ctx, level, text);
}

static void reload_line(void *ctx, enum log_level level, const char *text)
{
	struct reload *r = ctx;

	if (!r->dry_run)
		report_to_log.line(NULL, level, text);
	askers_line(&r->askers, level, text);
}

static struct report report_of(struct reload *r)
{
	return (struct report){.ctx = r, .line = reload_line};
}

static void answer(const struct askers *a, int status)
{
	for (unsigned i = 0; i < a->n; i++)
		a->v[i].done(a->v[i].ctx, status);
}

/* ---- the steps ---- */

/* reload_file: it is there while the configuration is read, so that nobody writes it then. */
static void mark_reading(const struct supervisor *s, bool reading)
{
	const struct settings *set = s->now.settings;
	char path[RUN_PATH_MAX];
	int fd;

	if (!set->reload_file_on)
		return;
	if (set->reload_file)
		str_copy(path, sizeof(path), set->reload_file);
	else if (strchr(s->pid_path, '/'))
		snprintf(path, sizeof(path), "%.*s/keepalived.reload",
			 (int)(strrchr(s->pid_path, '/') - s->pid_path), s->pid_path);
	else
		run_path(s, "keepalived.reload", path);
	if (!reading) {
		(void)unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		log_warning("reload_file %s: %s", path, strerror(errno));
	else
		close(fd);
}

/* The messages: for the log a line each, for people in full. */
static struct conf_loaded load(struct supervisor *s, struct reload *r)
{
	const struct report people = {.ctx = &r->askers, .line = askers_line};
	struct conf_loaded l;

	mark_reading(s, true);
	l = generation_load(s);
	mark_reading(s, false);
	if (!r->dry_run)
		generation_report(&l, &report_to_log, false);
	generation_report(&l, &people, true);
	return l;
}

/* A file that could not be included would take away what it holds: at a start that may be meant, on the
 * way from a running configuration it is a mistake. */
static bool forbids(const struct diag *d)
{
	return d->severity >= DIAG_ERROR ? !d->tolerated : d->class == DIAG_INCLUDE;
}

static bool has_errors(const struct diags *d)
{
	for (unsigned i = 0; i < d->list.n; i++)
		if (forbids(&d->list.v[i]))
			return true;
	return false;
}

/* Whether the loaded file may become the next generation; says why not. */
static bool acceptable(struct supervisor *s, const struct conf_loaded *l, struct reload *r)
{
	const struct report report = report_of(r);
	struct settings *wanted;
	const char *forbidden;

	if (has_errors(&l->diags)) {
		report_text(&report, LVL_ERR,
			    "%s has errors: nothing was changed, generation %u stays in force",
			    s->conf_path, s->now.number);
		return false;
	}
	wanted = settings_new(l->conf);
	forbidden = settings_forbidden_change(s->now.settings, wanted);
	if (forbidden)
		report_text(
			&report, LVL_ERR,
			"%s can't be changed by a reload: nothing was changed, restart the daemon",
			forbidden);
	settings_free(wanted);
	return !forbidden;
}

static void tell_plan(struct supervisor *s, const struct conf_loaded *l, struct reload *r)
{
	struct conf_loaded old = generation_reread(&s->now);
	char *rest = conf_plan_text(conf_diff(old.conf, l->conf, old.arena), old.arena);

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			reload_line(r, LVL_INFO, line);
	arena_free(old.arena);
}

static int hand_out(struct supervisor *s, const struct conf_loaded *l, struct reload *r)
{
	const struct report report = report_of(r);
	int e;

	if (s->worker[PROC_VRRP].channel.fd < 0) {
		report_text(&report, LVL_ERR,
			    "the vrrp worker is not running: nothing was changed");
		return -ENOTCONN;
	}
	e = generation_make(s, l->conf, s->now.number + 1, &s->next);
	if (e == 0) {
		e = worker_configure(&s->worker[PROC_VRRP], &s->next, false);
		if (e < 0)
			generation_done(s, &s->next, false);
	}
	if (e < 0)
		report_text(&report, LVL_ERR, "configuration can't be handed out: %s",
			    strerror(-e));
	return e;
}

/* Everything that is done at once; whether workers have to answer before it has ended. */
static bool begin(struct supervisor *s, struct reload *r, int *ret_status)
{
	struct conf_loaded l = load(s, r);
	bool waits = false;

	if (!acceptable(s, &l, r)) {
		*ret_status = RELOAD_ERRORS;
	} else {
		tell_plan(s, &l, r);
		waits = !r->dry_run && hand_out(s, &l, r) == 0;
		*ret_status = waits || r->dry_run ? RELOAD_OK : RELOAD_FAILED;
	}
	arena_free(l.arena);
	memory_trim();
	return waits;
}

static void finish(struct supervisor *s, int status)
{
	struct board_header *board = s->now.board[PROC_VRRP].map.header;
	struct reload *r = s->reload;

	s->reload = NULL;
	if (s->phase == PHASE_RUNNING)
		loop_timer_set(s->timer, USEC_NEVER);
	if (s->next.number > 0)
		generation_done(s, &s->next, false);
	if (status != RELOAD_OK && board)
		atomic_store(&board->reload_refused, clock_monotonic());
	sdnotify_ready();
	answer(&r->askers, status);
	if (r->next.n > 0 && s->phase == PHASE_RUNNING)
		run(s, &r->next, false);
	else
		answer(&r->next, RELOAD_FAILED);
	free(r);
}

static void run(struct supervisor *s, const struct askers *askers, bool dry_run)
{
	struct reload *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		abort();
	r->askers = *askers;
	r->dry_run = dry_run;
	if (dry_run) {
		(void)begin(s, r, &status);
		answer(&r->askers, status);
		free(r);
		return;
	}
	log_notice("Reloading");
	sdnotify_reloading();
	s->reload = r;
	if (begin(s, r, &status))
		loop_timer_set(s->timer, clock_monotonic() + RELOAD_LIMIT);
	else
		finish(s, status);
}

static void refuse(const struct asker *a, const char *why)
{
	log_info("reload refused: %s", why);
	if (a->line)
		a->line(a->ctx, LVL_ERR, why);
	a->done(a->ctx, RELOAD_FAILED);
}

void reload_start(struct supervisor *s, bool dry_run, const struct asker *asker)
{
	const struct askers one = {.v = {*asker}, .n = 1};

	if (s->phase != PHASE_RUNNING)
		refuse(asker, s->phase < PHASE_RUNNING ? "the daemon is still starting"
						       : "the daemon is stopping");
	else if (!s->reload || dry_run)
		run(s, &one, dry_run);
	else if (s->reload->next.n < ASKERS_MAX)
		s->reload->next.v[s->reload->next.n++] = *asker;
	else
		refuse(asker, "too many reloads are waiting");
}

/* ---- what the workers say to it ---- */

/* The new generation is in force for the elections: it is the present one now. */
static void commit(struct supervisor *s)
{
	struct generation old = s->now;

	for (enum process p = PROC_VRRP; p <= PROC_RUNNER; p++) {
		struct board_header *h = s->next.board[p].map.header;

		atomic_store(&h->restarts, atomic_load(&old.board[p].map.header->restarts));
		atomic_store(&h->pid, s->worker[p].pid);
	}
	s->now = s->next;
	s->next = (struct generation){.text_fd = -1};
	s->reload->committed = true;
	generation_publish(s, PROC_VRRP);
	generation_done(s, &old, true);
	if (s->worker[PROC_RUNNER].channel.fd >= 0 &&
	    worker_configure(&s->worker[PROC_RUNNER], &s->now, false) < 0)
		worker_kill(&s->worker[PROC_RUNNER]);
}

enum process reload_waits_for(const struct supervisor *s)
{
	return s->reload->committed ? PROC_RUNNER : PROC_VRRP;
}

static void vrrp_answered(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;
	const struct report report = report_of(s->reload);

	if (m->error == 0) {
		w->ready = m->generation;
		commit(s);
		return;
	}
	report_text(&report, LVL_ERR,
		    "the vrrp worker refused the new configuration (%.*s): "
		    "generation %u stays in force",
		    (int)sizeof(m->text), m->text, s->now.number);
	finish(s, RELOAD_FAILED);
}

static void runner_answered(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;
	const struct report report = report_of(s->reload);

	if (m->error < 0) {
		worker_kill(w); /* a new one gets it, too */
		return;
	}
	w->ready = m->generation;
	generation_publish(s, PROC_RUNNER);
	report_text(&report, LVL_NOTICE, "Reload complete, generation %u is in force",
		    s->now.number);
	finish(s, RELOAD_OK);
}

void reload_worker_ready(struct worker *w, const struct msg_ready *m)
{
	const struct supervisor *s = w->s;

	if (w->id == PROC_VRRP && m->generation == s->next.number)
		vrrp_answered(w, m);
	else if (w->id == PROC_RUNNER && s->reload->committed && m->generation == s->now.number)
		runner_answered(w, m);
}

void reload_worker_gone(struct worker *w)
{
	struct supervisor *s = w->s;
	const struct report report = report_of(s->reload);

	if (w->id != PROC_VRRP || s->reload->committed)
		return; /* started again, it gets the new generation and says READY */
	report_text(&report, LVL_ERR,
		    "the vrrp worker died during the reload: generation %u stays in force",
		    s->now.number);
	finish(s, RELOAD_FAILED);
}
