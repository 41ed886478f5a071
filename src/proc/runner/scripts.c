/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vrrp_script (vrrp-behaviour 10): each is run by its own fixed timer however many instances track
 * it, limited in time, and judged by core's rise and fall. Only a changed verdict is told.
 *
 * Owns the timers, the children and the pipes of their standard error (one a script, kept open, as
 * opening one per run would cost more than the run). Must not know who tracks a script and why.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "core/vrrp/script.h"
#include "io/child.h"
#include "proc/command.h"
#include "proc/runner/internal.h"

#define KILL_AFTER (2 * USEC_PER_SEC) /* TERM, this long, KILL; then twice as long each time */
#define OUTPUT_MAX 127

struct track_script {
	struct child child; /* first: children.c gives it back */
	struct runner *r;
	const struct conf_vrrp_script *conf;
	char name[BOARD_NAME_MAX]; /* outlives conf, which is of one configuration */
	struct command *command;
	struct script_verdict verdict;
	struct loop_timer *timer; /* the earlier of due and kill_at */
	usec_t due, kill_at, kill_wait;
	usec_t started, duration;
	bool expired, timed_out; /* this run; the last one */
	bool gone;		 /* of an old configuration: freed when its child has ended */
	bool has_status, failed_start;
	int status;
	uint64_t runs, failures, skipped;
	int pipe[2];
	struct loop_fd *watch;
	size_t n_output;
	char output[OUTPUT_MAX + 1];
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

	if (s->gone || s->conf->id >= s->r->board.header->shape.scripts)
		return;
	b = &s->r->board.scripts[s->conf->id];
	board_write_begin(&b->seq);
	b->known = s->verdict.known;
	b->good = s->verdict.good;
	b->running = s->child.pid > 0;
	b->timed_out = s->timed_out;
	b->unusable = !s->command;
	b->last_status = s->status;
	b->runs = s->runs;
	b->failures = s->failures;
	b->skipped = s->skipped;
	b->last_start = s->started;
	b->last_duration = s->duration;
	str_copy(b->name, sizeof(b->name), s->name);
	str_copy(b->output, sizeof(b->output), s->output);
	board_write_end(&b->seq);
}

static void send_state(struct track_script *s)
{
	const struct msg_script_state m = {
		.generation = s->r->generation,
		.script = s->conf->id,
		.good = s->verdict.good,
		.timed_out = s->timed_out,
		.status = s->status,
	};

	if (s->verdict.known)
		runner_send(s->r, MSG_SCRIPT_STATE, &m);
}

static void log_flip(const struct track_script *s)
{
	const char *name = s->name;

	if (s->verdict.good)
		log_notice("VRRP_Script(%s) succeeded", name);
	else if (s->timed_out)
		log_notice("VRRP_Script(%s) timed_out", name);
	else if (s->failed_start)
		log_notice("VRRP_Script(%s) failed (could not be executed: %s)", name, s->output);
	else if (s->status < 0)
		log_notice("VRRP_Script(%s) failed (due to signal %d)", name, -s->status);
	else if (s->output[0])
		log_notice("VRRP_Script(%s) failed (exited with status %d): %s", name, s->status,
			   s->output);
	else
		log_notice("VRRP_Script(%s) failed (exited with status %d)", name, s->status);
}

static void judge(struct track_script *s, int status, bool timed_out)
{
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

/* ---- what it writes to standard error: the end of it, in printable characters ---- */

static void keep_output(struct track_script *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->n_output == OUTPUT_MAX) {
			memmove(s->output, s->output + 1, OUTPUT_MAX - 1);
			s->n_output--;
		}
		s->output[s->n_output++] = p[i] >= ' ' && p[i] < 127 ? p[i] : ' ';
	}
	s->output[s->n_output] = '\0';
}

static void read_output(struct track_script *s)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(s->pipe[0], bytes, sizeof(bytes))) > 0) {
		size_t skip = (size_t)n > OUTPUT_MAX ? (size_t)n - OUTPUT_MAX : 0;

		keep_output(s, bytes + skip, (size_t)n - skip);
		if ((size_t)n < sizeof(bytes))
			break;
	}
}

static void on_output(void *ctx)
{
	read_output(ctx);
}

static void trim_output(struct track_script *s)
{
	while (s->n_output > 0 && s->output[s->n_output - 1] == ' ')
		s->output[--s->n_output] = '\0';
}

/* ---- running ---- */

static void arm(struct track_script *s)
{
	loop_timer_set(s->timer, usec_min(s->due, s->kill_at));
}

static usec_t timeout_of(const struct conf_vrrp_script *c)
{
	return c->timeout > 0 ? c->timeout : c->interval;
}

static void start(struct track_script *s)
{
	pid_t pid;

	s->started = loop_now(s->r->loop);
	s->runs++;
	s->expired = false;
	s->n_output = 0;
	s->output[0] = '\0';
	pid = command_start(s->command, s->pipe[1]);
	s->failed_start = pid < 0;
	if (pid < 0) {
		str_copy(s->output, sizeof(s->output), strerror((int)-pid));
		judge(s, 127, false);
		return;
	}
	s->child.pid = pid;
	children_add(&s->r->children, &s->child);
	s->kill_at = s->started + timeout_of(s->conf);
	s->kill_wait = 0;
}

static void skip(struct track_script *s)
{
	s->skipped++;
	if (s->expired)
		log_info("Track script %s is being timed out, expect idle - skipping run", s->name);
	else
		log_info("Track script %s is already running, expect idle - skipping run", s->name);
}

/* The run takes too long: first TERM, then KILL, then KILL again after longer waits. */
static void press(struct track_script *s, usec_t now)
{
	(void)child_kill(s->child.pid, s->expired ? SIGKILL : SIGTERM);
	s->kill_wait = s->expired ? 2 * s->kill_wait : KILL_AFTER;
	s->kill_at = now + s->kill_wait;
	if (s->expired)
		return;
	s->expired = true;
	if (!s->gone)
		judge(s, -SIGTERM, true);
}

static void on_timer(void *ctx)
{
	struct track_script *s = ctx;
	usec_t now = loop_now(s->r->loop);

	if (s->child.pid > 0 && s->kill_at <= now)
		press(s, now);
	if (s->due <= now) {
		if (s->child.pid > 0)
			skip(s);
		else if (!s->r->stopping)
			start(s);
		s->due += s->conf->interval;
		if (s->due <= now) /* we were stopped: no burst of runs */
			s->due = now + s->conf->interval;
	}
	arm(s);
}

static void script_free(struct track_script *s);

static void on_ended(struct child *c, int wait_status)
{
	struct track_script *s = (struct track_script *)c;

	s->kill_at = USEC_NEVER;
	if (s->gone) {
		script_free(s);
		return;
	}
	s->duration = loop_now(s->r->loop) - s->started;
	read_output(s);
	trim_output(s);
	if (!s->expired)
		judge(s, children_status(wait_status), false);
	else
		write_board(s);
	arm(s);
}

/* ---- life ---- */

static struct track_script *script_new(struct runner *r)
{
	struct track_script *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->r = r;
	s->child.ended = on_ended;
	s->timer = loop_timer_new(r->loop, on_timer, s);
	s->kill_at = USEC_NEVER;
	s->due = USEC_NEVER;
	if (pipe2(s->pipe, O_CLOEXEC) < 0) {
		s->pipe[0] = s->pipe[1] = -1;
		return s;
	}
	(void)fcntl(s->pipe[0], F_SETFL, O_NONBLOCK);
	s->watch = loop_fd_add(r->loop, s->pipe[0], on_output, s);
	return s;
}

static void script_free(struct track_script *s)
{
	loop_fd_free(s->watch);
	loop_timer_free(s->timer);
	for (unsigned i = 0; i < 2; i++)
		if (s->pipe[i] >= 0)
			close(s->pipe[i]);
	command_free(s->command);
	free(s);
}

/* A script of the old configuration that the new one does not have. */
static void script_drop(struct track_script *s)
{
	s->gone = true;
	s->due = USEC_NEVER;
	s->conf = NULL;
	if (s->child.pid == 0) {
		script_free(s);
		return;
	}
	press(s, loop_now(s->r->loop));
	arm(s);
}

/* The old script that this one continues: the same name if there are several with its command. */
static struct track_script *claim(struct scripts *s, const struct conf_vrrp_script *conf,
				  const struct command *command)
{
	struct track_script **best = NULL;
	struct track_script *found;

	for (unsigned i = 0; i < s->n; i++) {
		if (!s->v[i] || !command || !s->v[i]->command ||
		    !command_equal(s->v[i]->command, command))
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
		command_free(t->command);
		t->due = usec_min(t->due, now + conf->interval);
		if (t->verdict.known)
			log_info("VRRP_Script(%s) considered %s on reload", conf->name,
				 t->verdict.good ? "successful" : "unsuccessful");
	} else {
		t = script_new(s->r);
		t->verdict = script_verdict_new(conf);
		t->due = now;
	}
	t->command = command;
	t->conf = conf;
	str_copy(t->name, sizeof(t->name), conf->name);
	if (!command) {
		log_err("VRRP_Script(%s) can't be run, nobody follows it", conf->name);
		t->due = USEC_NEVER;
	} else if (!is_tracked(s->r->conf, conf->id)) {
		t->due = USEC_NEVER;
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
			script_drop(s->v[i]);
	free(s->v);
	s->v = v;
	s->n = n;
	for (unsigned i = 0; i < n; i++) {
		write_board(v[i]);
		arm(v[i]);
	}
}

void scripts_send_all(struct scripts *s)
{
	for (unsigned i = 0; i < s->n; i++)
		send_state(s->v[i]);
}

void scripts_stop(struct scripts *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		s->v[i]->due = USEC_NEVER;
		loop_timer_set(s->v[i]->timer, USEC_NEVER);
		if (s->v[i]->child.pid > 0)
			(void)child_kill(s->v[i]->child.pid, SIGTERM);
	}
}

struct scripts *scripts_free(struct scripts *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->n; i++) {
		if (s->v[i]->child.pid > 0)
			(void)child_kill(s->v[i]->child.pid, SIGKILL);
		script_free(s->v[i]);
	}
	free(s->v);
	free(s);
	return NULL;
}
