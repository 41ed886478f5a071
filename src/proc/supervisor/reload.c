/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload: read, judge, compare, plan, hand out. Until the vrrp worker has said READY nothing has
 * changed and everything can be taken back; from then on the new generation is the present one and
 * the others follow, kind by kind: runner, lvs, check processes (one that can't is started again with
 * it). Workers that became necessary are started in their turn. One that has nothing to do any more
 * gets the new generation, too, as it has the old one to clean up after, and stops at the end.
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
#include "conf/lint.h"
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
	bool busy;	/* go_on() is at work */
	bool had_sync;	/* vrrp and lvs had a channel before */
	/* Once committed: whose workers have to answer; PROC_COUNT: who is not needed has to end. */
	enum process stage;
	struct moves *moves;
};

static void run(struct supervisor *s, const struct askers *askers, bool dry_run);
static void commit(struct supervisor *s);
static void go_on(struct supervisor *s);

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

/* What the running configuration would be warned of now: the machine may have changed since it was read. */
static struct conf_loaded judge_present(struct supervisor *s)
{
	struct conf_loaded now = generation_reread(&s->now);

	conf_lint(now.conf, &s->host, s->conf_path, &now.diags);
	return now;
}

static bool is_said_of(const struct conf_loaded *l, const struct diag *d)
{
	for (unsigned i = 0; i < l->diags.list.n; i++)
		if (str_eq(l->diags.list.v[i].code, d->code) &&
		    str_eq(l->diags.list.v[i].text, d->text))
			return true;
	return false;
}

/* What forbids the reload, or NULL; what the running configuration has, too, does not. */
static const struct diag *new_fault(struct supervisor *s, const struct conf_loaded *l)
{
	const struct diag *found = NULL;
	struct conf_loaded now = {0};

	for (unsigned i = 0; i < l->diags.list.n && !found; i++) {
		const struct diag *d = &l->diags.list.v[i];

		if (!diag_refuses_reload(d) || faults_known(s->now.faults, d, l->source))
			continue;
		if (d->severity < DIAG_ERROR && !now.arena)
			now = judge_present(s);
		if (d->severity >= DIAG_ERROR || !is_said_of(&now, d))
			found = d;
	}
	if (now.arena)
		arena_free(now.arena);
	return found;
}

/* Which one it was: there may be many messages, and a warning does not look like it. */
static void tell_fault(const struct supervisor *s, const struct conf_loaded *l,
		       const struct diag *fault, const struct report *report)
{
	char text[1024];
	struct buf b = BUF_ON(text);

	diag_render_line(fault, l->source, &b);
	(void)buf_text(&b);
	text[strcspn(text, "\n")] = '\0';
	report_text(report, LVL_ERR, "refused because of %s", text);
	report_text(report, LVL_ERR, "%s has %s: nothing was changed, generation %u stays in force",
		    s->conf_path,
		    fault->severity >= DIAG_ERROR ? "errors" : "what only a start goes on with",
		    s->now.number);
}

static bool changes_engine(struct supervisor *s, const struct conf *conf)
{
	return s->now.needs.wanted[SLOT_LVS] && conf->virtual_servers.n > 0 &&
	       needs_engine(s, conf) != s->now.engine;
}

/* Whether the loaded file may become the next generation; says why not. */
static bool acceptable(struct supervisor *s, const struct conf_loaded *l, struct reload *r)
{
	const struct report report = report_of(r);
	struct settings *wanted;
	const struct diag *fault = new_fault(s, l);
	const char *forbidden;

	if (fault) {
		tell_fault(s, l, fault, &report);
		return false;
	}
	wanted = settings_new(l->conf);
	forbidden = settings_forbidden_change(s->now.settings, wanted);
	if (!forbidden && changes_engine(s, l->conf))
		forbidden = "lvs_engine";
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

/* A signal is not told that it has failed, and not sent again. */
static bool is_asked_by_signal(const struct askers *a)
{
	for (unsigned i = 0; i < a->n; i++)
		if (!a->v[i].line)
			return true;
	return false;
}

static int hand_out(struct supervisor *s, const struct conf_loaded *l, struct reload *r)
{
	const struct report report = report_of(r);
	struct worker *vrrp = &s->worker[SLOT_VRRP];
	bool elects = s->now.board[SLOT_VRRP].map.header;
	int e;

	if (elects && vrrp->channel.fd < 0) {
		s->reload_wanted = is_asked_by_signal(&r->askers);
		report_text(&report, LVL_ERR, "the vrrp worker is not running: nothing was changed%s",
			    s->reload_wanted ? ", tried again when it is back" : "");
		return -ENOTCONN;
	}
	e = generation_make(s, l, s->now.number + 1, &report, &s->next);
	if (e == 0)
		r->moves = moves_new(l->conf, s->now.needs.checks, s->next.needs.checks);
	if (e < 0 || !elects)
		return e;
	e = worker_configure(vrrp, &s->next, false);
	if (e < 0) {
		generation_done(s, &s->next);
		report_text(&report, LVL_ERR, "configuration can't be handed out: %s",
			    strerror(-e));
	}
	return e;
}

/* Somebody may have removed it. We serve without it, but can't be asked, and a second daemon would start. */
static bool mend_run_dir(struct supervisor *s)
{
	if (pidfiles_mend_run_dir(s) < 0)
		return false;
	control_mend(s->control);
	return true;
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
		waits = !r->dry_run && mend_run_dir(s) && hand_out(s, &l, r) == 0;
		if (r->dry_run)
			reload_line(r, LVL_INFO, "nothing was changed: a dry run");
		*ret_status = waits || r->dry_run ? RELOAD_OK : RELOAD_FAILED;
	}
	arena_free(l.arena);
	memory_trim();
	return waits;
}

/* On every board: whoever asks reads what is there. */
static void note_refusal(struct supervisor *s)
{
	for (enum slot slot = 0; slot < SLOTS; slot++)
		if (s->now.board[slot].map.header)
			atomic_store(&s->now.board[slot].map.header->reload_refused,
				     clock_monotonic());
}

static void finish(struct supervisor *s, int status)
{
	struct reload *r = s->reload;

	s->reload = NULL;
	if (s->phase == PHASE_RUNNING)
		loop_timer_set(s->timer, USEC_NEVER);
	if (s->next.number > 0)
		generation_done(s, &s->next);
	if (status != RELOAD_OK)
		note_refusal(s);
	if (s->phase == PHASE_RUNNING)
		sdnotify_ready();
	answer(&r->askers, status);
	r->moves = moves_free(r->moves);
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
	s->reload_wanted = false;
	sdnotify_reloading();
	s->reload = r;
	if (!begin(s, r, &status)) {
		finish(s, status);
		return;
	}
	loop_timer_set(s->timer, clock_monotonic() + RELOAD_LIMIT);
	if (!s->now.board[SLOT_VRRP].map.header)
		commit(s); /* nobody who could refuse */
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

/* ---- once the vrrp worker has it ---- */

/* Check processes above the new number have no board any more and are not given anything. */
static void commit(struct supervisor *s)
{
	struct generation old = s->now;

	for (enum slot slot = 0; slot < SLOTS; slot++) {
		struct board_header *h = s->next.board[slot].map.header;
		const struct board_header *before = old.board[slot].map.header;

		s->worker[slot].retiring = s->worker[slot].begun && !h;
		if (s->worker[slot].retiring) /* a dead one has nothing to be started with */
			loop_timer_set(s->worker[slot].start_timer, USEC_NEVER);
		if (!h || !before)
			continue;
		atomic_store(&h->restarts, atomic_load(&before->restarts));
		atomic_store(&h->pid, s->worker[slot].pid);
	}
	s->reload->had_sync = old.needs.sync;
	s->now = s->next;
	s->next = (struct generation){.text_fd = -1, .tls_fd = -1};
	s->reload->committed = true;
	moves_keep(s->reload->moves, &old);
	if (s->worker[SLOT_VRRP].ready == s->now.number)
		generation_publish(s, SLOT_VRRP);
	if (s->worker[SLOT_LVS].begun && s->lvs_past.number == 0)
		s->lvs_past = old;
	else
		generation_done(s, &old);
	go_on(s);
}

/* The present generation, for one that runs or has not run before. One that waits for its next start
 * gets it then. */
static void hand_to(struct worker *w)
{
	struct supervisor *s = w->s;

	if (w->retiring || w->ready == s->now.number || !s->now.board[w->slot].map.header)
		return;
	if (w->pid > 0) {
		if (worker_configure(w, &s->now, false) < 0)
			worker_kill(w);
	} else if (!w->begun) {
		worker_start(w, false);
		worker_introduce(w);
	}
}

/* It has ended for good, until a reload finds work for it. */
static void forget(struct worker *w)
{
	loop_timer_set(w->start_timer, USEC_NEVER);
	generation_drop_board(w->s, w->slot);
	if (w->id == PROC_LVS)
		generation_drop_past(w->s);
	pidfiles_worker_gone(w->s, w->id);
	w->begun = w->again = w->retiring = w->orphaned = w->frozen = false;
	w->ready = 0;
	w->gone = w->silent = 0;
	w->restart = (struct restart){0};
}

static void retire(struct worker *w)
{
	w->retiring = true;
	if (w->pid > 0) {
		worker_stop(w);
		return;
	}
	if (w->id == PROC_LVS)
		log_warning("the lvs worker was not there to take out the virtual servers that are gone: "
			    "some may be left in the kernel");
	forget(w);
}

static void begin_stage(struct supervisor *s)
{
	const struct reload *r = s->reload;
	struct worker *lvs = &s->worker[SLOT_LVS];

	loop_timer_set(s->timer, clock_monotonic() + RELOAD_LIMIT);
	if (r->stage == PROC_CHECK)
		moves_make(r->moves, &s->now);
	for (enum slot slot = 0; slot < SLOTS; slot++) {
		struct worker *w = &s->worker[slot];

		if (w->id == r->stage)
			hand_to(w);
		else if (r->stage == PROC_COUNT && w->begun && !s->now.needs.wanted[slot])
			retire(w);
	}
	if (r->stage == PROC_LVS && s->now.needs.sync && !r->had_sync && lvs->ready > 0)
		worker_join(&s->worker[SLOT_VRRP], lvs);
}

static bool is_waited_for(const struct worker *w)
{
	const struct supervisor *s = w->s;

	if (w->pid == 0)
		return false;
	if (s->reload->stage == PROC_COUNT)
		return w->retiring;
	return w->id == s->reload->stage && !w->retiring && w->ready != s->now.number;
}

static bool stage_waits(const struct supervisor *s)
{
	for (enum slot slot = 0; slot < SLOTS; slot++)
		if (is_waited_for(&s->worker[slot]))
			return true;
	return false;
}

static void complete(struct supervisor *s)
{
	const struct report report = report_of(s->reload);

	for (enum slot slot = 0; slot < SLOTS; slot++)
		generation_publish(s, slot);
	report_text(&report, LVL_NOTICE, "Reload complete, generation %u is in force",
		    s->now.number);
	finish(s, RELOAD_OK);
}

/* From stage to stage, as long as there is nobody to wait for. */
static void go_on(struct supervisor *s)
{
	struct reload *r = s->reload;

	if (r->busy || s->phase != PHASE_RUNNING)
		return;
	r->busy = true;
	while (!stage_waits(s)) {
		if (r->stage == PROC_COUNT) {
			complete(s);
			return;
		}
		r->stage++;
		begin_stage(s);
	}
	r->busy = false;
}

/* ---- what the workers say to it ---- */

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

void reload_worker_ready(struct worker *w, const struct msg_ready *m)
{
	struct supervisor *s = w->s;

	if (!s->reload->committed) {
		if (w->id == PROC_VRRP && m->generation == s->next.number)
			vrrp_answered(w, m);
		return;
	}
	generation_publish(s, w->slot);
	go_on(s);
}

void reload_worker_gone(struct worker *w)
{
	struct supervisor *s = w->s;
	const struct report report = report_of(s->reload);

	if (w->retiring)
		forget(w);
	if (s->reload->committed) {
		go_on(s); /* started again, it gets the new generation and says READY */
		return;
	}
	if (w->id != PROC_VRRP)
		return;
	report_text(&report, LVL_ERR,
		    "the vrrp worker died during the reload: generation %u stays in force",
		    s->now.number);
	finish(s, RELOAD_FAILED);
}

void reload_deadline(struct supervisor *s)
{
	log_err("no answer to the new configuration");
	if (!s->reload->committed) {
		worker_kill(&s->worker[SLOT_VRRP]);
		return;
	}
	for (enum slot slot = 0; slot < SLOTS; slot++)
		if (is_waited_for(&s->worker[slot]))
			worker_kill(&s->worker[slot]);
	loop_timer_set(s->timer, clock_monotonic() + RELOAD_LIMIT);
}

void reload_abandon(struct supervisor *s)
{
	if (s->reload)
		finish(s, RELOAD_FAILED);
}
