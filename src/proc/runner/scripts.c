/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vrrp_script (vrrp-behaviour 10): each is run by its own fixed timer however many instances track
 * it, limited in time, and judged by core's rise and fall. Only a changed verdict is told.
 *
 * Owns the rhythm and the verdicts; the runs are tasks. Must not know who tracks a script and why.
 */
#include <stdlib.h>

#include "base/str.h"
#include "core/vrrp/script.h"
#include "proc/runner/internal.h"
#include "proc/runner/task.h"

struct track_script {
	struct task task; /* first */
	const struct conf_vrrp_script *conf;
	char name[BOARD_NAME_MAX]; /* outlives conf, which is of one configuration */
	struct script_verdict verdict;
	usec_t next;	/* in the rhythm of its interval; USEC_NEVER: nobody wants it */
	bool timed_out; /* the last run */
	bool has_status;
	int status;
	uint64_t runs, failures, skipped;
};

struct scripts {
	struct runner *r;
	struct track_script **v;
	unsigned n;
};

/* ---- telling ---- */

static void write_board(struct track_script *s)
{
	struct board_script *b;

	if (s->task.gone || s->conf->id >= s->task.r->board.header->shape.scripts)
		return;
	b = &s->task.r->board.scripts[s->conf->id];
	board_write_begin(&b->seq);
	b->known = s->verdict.known;
	b->good = s->verdict.good;
	b->running = task_is_running(&s->task);
	b->timed_out = s->timed_out;
	b->unusable = !s->task.command;
	b->last_status = s->status;
	b->runs = s->runs;
	b->failures = s->failures;
	b->skipped = s->skipped;
	b->last_start = s->task.started;
	b->last_duration = s->task.duration;
	str_copy(b->name, sizeof(b->name), s->name);
	str_copy(b->output, sizeof(b->output), s->task.output);
	board_write_end(&b->seq);
}

static void send_state(struct track_script *s)
{
	const struct msg_script_state m = {
		.generation = s->task.r->generation,
		.script = s->conf->id,
		.good = s->verdict.good,
		.timed_out = s->timed_out,
		.status = s->status,
	};

	if (s->verdict.known)
		runner_send(s->task.r, MSG_SCRIPT_STATE, &m);
}

static void log_flip(const struct track_script *s)
{
	const char *name = s->name;

	if (s->verdict.good)
		log_notice("VRRP_Script(%s) succeeded", name);
	else if (s->timed_out)
		log_notice("VRRP_Script(%s) timed_out", name);
	else if (s->task.failed_start)
		log_notice("VRRP_Script(%s) failed (could not be executed: %s)", name, s->task.output);
	else if (s->status < 0)
		log_notice("VRRP_Script(%s) failed (due to signal %d)", name, -s->status);
	else if (s->task.output[0])
		log_notice("VRRP_Script(%s) failed (exited with status %d): %s", name, s->status,
			   s->task.output);
	else
		log_notice("VRRP_Script(%s) failed (exited with status %d)", name, s->status);
}

static void judge(struct task *t, int status, bool timed_out)
{
	struct track_script *s = (struct track_script *)t;
	bool changed_status = s->has_status && s->status != status && !timed_out;

	s->status = status;
	s->has_status = true;
	s->timed_out = timed_out;
	s->failures += status != 0 || timed_out;
	if (changed_status)
		log_info("Script `%s` now returning %d", s->name, status);
	if (script_verdict_step(&s->verdict, s->conf, status == 0 && !timed_out)) {
		log_flip(s);
		send_state(s);
	}
	write_board(s);
}

/* ---- running ---- */

static usec_t timeout_of(const struct conf_vrrp_script *c)
{
	return c->timeout > 0 ? c->timeout : c->interval;
}

static void skip(struct track_script *s)
{
	s->skipped++;
	if (s->task.expired)
		log_info("Track script %s is being timed out, expect idle - skipping run", s->name);
	else
		log_info("Track script %s is already running, expect idle - skipping run", s->name);
}

static void on_due(struct task *t, usec_t now)
{
	struct track_script *s = (struct track_script *)t;

	if (task_is_running(t)) {
		skip(s);
	} else if (!s->task.r->stopping) {
		s->runs++;
		task_start(t, timeout_of(s->conf));
	}
	s->next += s->conf->interval;
	if (s->next <= now) /* we were stopped: no burst of runs */
		s->next = now + s->conf->interval;
	task_set_due(t, s->next);
}

static void on_ended(struct task *t)
{
	write_board((struct track_script *)t);
}

static void script_free(struct task *t)
{
	task_done(t);
	free(t);
}

static const struct task_ops ops = {
	.due = on_due, .result = judge, .ended = on_ended, .free = script_free};

/* ---- life ---- */

static struct track_script *script_new(struct runner *r)
{
	struct track_script *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	task_init(&s->task, r, &ops);
	return s;
}

/* The old script that this one continues: the same name if there are several with its command. */
static struct track_script *claim(struct scripts *s, const struct conf_vrrp_script *conf,
				  const struct command *command)
{
	struct track_script **best = NULL;
	struct track_script *found;

	for (unsigned i = 0; i < s->n; i++) {
		if (!s->v[i] || !command || !s->v[i]->task.command ||
		    !command_equal(s->v[i]->task.command, command))
			continue;
		if (!best || str_eq(s->v[i]->name, conf->name))
			best = &s->v[i];
	}
	if (!best)
		return NULL;
	found = *best;
	*best = NULL;
	return found;
}

static bool is_tracked(const struct conf *conf, uint32_t id)
{
	for (unsigned i = 0; i < conf->instances.n; i++) {
		const conf_track_list *t = &conf->instances.v[i]->tracks[TRACK_SCRIPT];

		for (unsigned k = 0; k < t->n; k++)
			if (t->v[k]->id == id)
				return true;
	}
	for (unsigned i = 0; i < conf->groups.n; i++) {
		const conf_track_list *t = &conf->groups.v[i]->tracks[TRACK_SCRIPT];

		for (unsigned k = 0; k < t->n; k++)
			if (t->v[k]->id == id)
				return true;
	}
	return false;
}

static struct track_script *configure_one(struct scripts *s, const struct conf_vrrp_script *conf)
{
	struct command *command = command_new(conf->script, NULL, 0, NULL);
	struct track_script *t = claim(s, conf, command);
	usec_t now = loop_now(s->r->loop);

	if (t) {
		command_free(t->task.command);
		t->next = usec_min(t->next, now + conf->interval);
		if (t->verdict.known)
			log_info("VRRP_Script(%s) considered %s on reload", conf->name,
				 t->verdict.good ? "successful" : "unsuccessful");
	} else {
		t = script_new(s->r);
		t->verdict = script_verdict_new(conf);
		t->next = now;
	}
	t->task.command = command;
	t->conf = conf;
	str_copy(t->name, sizeof(t->name), conf->name);
	if (!command) {
		log_err("VRRP_Script(%s) can't be run, nobody follows it", conf->name);
		t->next = USEC_NEVER;
	} else if (!is_tracked(s->r->conf, conf->id)) {
		t->next = USEC_NEVER;
	}
	return t;
}

struct scripts *scripts_new(struct runner *r)
{
	struct scripts *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->r = r;
	return s;
}

void scripts_configure(struct scripts *s)
{
	const struct conf *conf = s->r->conf;
	unsigned n = conf->scripts.n;
	struct track_script **v = calloc(n + 1, sizeof(*v));

	if (!v)
		abort();
	for (unsigned i = 0; i < n; i++)
		v[i] = configure_one(s, conf->scripts.v[i]);
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i])
			task_drop(&s->v[i]->task);
	free(s->v);
	s->v = v;
	s->n = n;
	for (unsigned i = 0; i < n; i++) {
		write_board(v[i]);
		task_set_due(&v[i]->task, v[i]->next);
	}
}

void scripts_send_all(struct scripts *s)
{
	for (unsigned i = 0; i < s->n; i++)
		send_state(s->v[i]);
}

void scripts_stop(struct scripts *s)
{
	for (unsigned i = 0; i < s->n; i++)
		task_stop(&s->v[i]->task);
}

struct scripts *scripts_free(struct scripts *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->n; i++)
		script_free(&s->v[i]->task);
	free(s->v);
	free(s);
	return NULL;
}
