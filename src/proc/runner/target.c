/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script may run as long as it likes while nobody waits for it. When a newer state waits, one
 * that has run for a minute is told to end, and killed two seconds later: the newest state has to
 * be told some day. Unlike keepalived's, scripts of one target never overlap.
 *
 * Owns copies of the scripts that wait, so that a reload does not pull them away. Must not know
 * what an event means.
 */
#include "proc/runner/target.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/child.h"
#include "proc/command.h"

#define PATIENCE (60 * USEC_PER_SEC)
#define KILL_AFTER (2 * USEC_PER_SEC)

struct target {
	struct child child; /* first: children.c gives it back */
	struct runner *r;
	struct queue queue;
	bool gone;
	char name[TARGET_NAME_MAX];
	usec_t started;
	bool pressed;
	struct loop_timer *timer; /* made when first needed */
};

/* ---- running what is due ---- */

static void pump(struct target *t);

static void release(struct target *t)
{
	loop_timer_free(t->timer);
	free(t);
}

static void on_ended(struct child *c, int wait_status)
{
	struct target *t = (struct target *)c;
	struct command *done = queue_done(&t->queue);
	int status = children_status(wait_status);

	if (status != 0)
		log_info("(%s) notify script %s %s %d", t->name, done->text,
			 status < 0 ? "died from signal" : "exited with status", abs(status));
	command_free(done);
	t->r->busy--;
	if (t->timer)
		loop_timer_set(t->timer, USEC_NEVER);
	pump(t);
}

static void on_timer(void *ctx)
{
	struct target *t = ctx;
	usec_t now = loop_now(t->r->loop);

	if (t->child.pid == 0)
		return;
	if (!t->pressed)
		log_warning(
			"(%s) a notify script has run for %d s and a newer state waits: ending it",
			t->name, (int)((now - t->started) / USEC_PER_SEC));
	(void)child_kill(t->child.pid, t->pressed ? SIGKILL : SIGTERM);
	t->pressed = true;
	loop_timer_set(t->timer, now + KILL_AFTER);
}

/* Limits the running script from the moment that somebody waits for it. */
static void limit(struct target *t)
{
	if (t->child.pid == 0 || !queue_waits(&t->queue) || t->pressed)
		return;
	if (!t->timer)
		t->timer = loop_timer_new(t->r->loop, on_timer, t);
	loop_timer_set(t->timer, usec_max(t->started + PATIENCE, loop_now(t->r->loop)));
}

static bool start(struct target *t, const struct command *c)
{
	pid_t pid = command_start(c, -1);

	if (pid < 0) {
		log_err("(%s) notify script %s: %s", t->name, c->text, command_error((int)pid));
		return false;
	}
	t->child.pid = pid;
	t->child.ended = on_ended;
	t->started = loop_now(t->r->loop);
	t->pressed = false;
	children_add(&t->r->children, &t->child);
	t->r->busy++;
	return true;
}

/* Starts the next script, skipping those that can't be started. */
static void pump(struct target *t)
{
	const struct command *c;

	while (!t->r->abandoned && (c = queue_next(&t->queue))) {
		if (start(t, c)) {
			limit(t);
			return;
		}
		command_free(queue_done(&t->queue));
	}
	if (t->child.pid != 0)
		return;
	if (t->gone)
		release(t);
	else if (t->r->stopping)
		runner_check_stopped(t->r);
}

static void free_job(struct queue_job *job)
{
	for (unsigned i = 0; i < QUEUE_STEPS_MAX; i++)
		job->step[i] = command_free(job->step[i]);
}

static void drop_job(struct target *t, struct queue_job *job)
{
	free_job(job);
	log_info("(%s) an older state was not told to its scripts: a newer one came first",
		 t->name);
}

void target_push(struct target *t, struct queue_job *job)
{
	struct queue_job dropped;

	if (queue_push(&t->queue, job, &dropped))
		drop_job(t, &dropped);
	limit(t);
	pump(t);
}

/* ---- life ---- */

struct target *target_new(struct runner *r, const char *name)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->r = r;
	str_copy(t->name, sizeof(t->name), name);
	return t;
}

const char *target_name(const struct target *t)
{
	return t->name;
}

bool target_is_idle(const struct target *t)
{
	return queue_empty(&t->queue) && t->child.pid == 0;
}

void target_drop(struct target *t)
{
	t->gone = true;
	if (queue_empty(&t->queue))
		release(t);
}

void target_free(struct target *t)
{
	free_job(&t->queue.current);
	if (t->queue.has_state)
		free_job(&t->queue.state);
	if (t->queue.has_extra)
		free_job(&t->queue.extra);
	release(t);
}
