/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of one command: the timer, the child, the end of a run that takes too long, and the pipe of
 * its standard error (kept open, as opening one per run would cost more than the run). Must not
 * know what a result means.
 */
#include "proc/runner/task.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/child.h"

#define KILL_AFTER (2 * USEC_PER_SEC) /* TERM, this long, KILL; then twice as long each time */

/* ---- what it writes to standard error: the end of it, in printable characters ---- */

static void keep_output(struct task *t, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t->n_output == TASK_OUTPUT_MAX) {
			memmove(t->output, t->output + 1, TASK_OUTPUT_MAX - 1);
			t->n_output--;
		}
		t->output[t->n_output++] = p[i] >= ' ' && p[i] < 127 ? p[i] : ' ';
	}
	t->output[t->n_output] = '\0';
}

static void read_output(struct task *t)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(t->pipe[0], bytes, sizeof(bytes))) > 0) {
		size_t skip = (size_t)n > TASK_OUTPUT_MAX ? (size_t)n - TASK_OUTPUT_MAX : 0;

		keep_output(t, bytes + skip, (size_t)n - skip);
		if ((size_t)n < sizeof(bytes))
			break;
	}
}

static void on_output(void *ctx)
{
	read_output(ctx);
}

static void trim_output(struct task *t)
{
	while (t->n_output > 0 && t->output[t->n_output - 1] == ' ')
		t->output[--t->n_output] = '\0';
}

/* ---- running ---- */

static void arm(struct task *t)
{
	loop_timer_set(t->timer, usec_min(t->due, t->kill_at));
}

void task_set_due(struct task *t, usec_t at)
{
	t->due = at;
	arm(t);
}

static void on_ended(struct child *c, int wait_status);

void task_start(struct task *t, usec_t limit)
{
	pid_t pid;

	t->started = loop_now(t->r->loop);
	t->expired = false;
	t->n_output = 0;
	t->output[0] = '\0';
	pid = command_start(t->command, t->pipe[1]);
	t->failed_start = pid < 0;
	if (pid < 0) {
		str_copy(t->output, sizeof(t->output), command_error((int)pid));
		t->ops->result(t, 127, false);
		return;
	}
	t->child.pid = t->group = pid;
	t->child.ended = on_ended;
	children_add(&t->r->children, &t->child);
	t->kill_at = t->started + limit;
	t->kill_wait = 0;
	arm(t);
}

/* The run takes too long: first TERM, then KILL, then KILL again after longer waits. */
static void press(struct task *t, usec_t now)
{
	(void)child_kill(t->child.pid, t->expired ? SIGKILL : SIGTERM);
	t->kill_wait = t->expired ? 2 * t->kill_wait : KILL_AFTER;
	t->kill_at = now + t->kill_wait;
	if (t->expired)
		return;
	t->expired = true;
	if (!t->gone)
		t->ops->result(t, -SIGTERM, true);
}

static void on_timer(void *ctx)
{
	struct task *t = ctx;
	usec_t now = loop_now(t->r->loop);

	if (task_is_running(t) && t->kill_at <= now)
		press(t, now);
	if (t->due <= now) {
		t->due = USEC_NEVER;
		t->ops->due(t, now);
	}
	arm(t);
}

static void on_ended(struct child *c, int wait_status)
{
	struct task *t = (struct task *)c;

	t->kill_at = USEC_NEVER;
	/* The command obeyed TERM; what it has started may not have. */
	if (t->expired)
		(void)child_kill(t->group, SIGKILL);
	if (t->gone) {
		t->ops->free(t);
		return;
	}
	t->duration = loop_now(t->r->loop) - t->started;
	read_output(t);
	trim_output(t);
	if (!t->expired)
		t->ops->result(t, children_status(wait_status), false);
	else if (t->ops->ended)
		t->ops->ended(t);
	arm(t);
}

/* ---- life ---- */

void task_init(struct task *t, struct runner *r, const struct task_ops *ops)
{
	t->r = r;
	t->ops = ops;
	t->timer = loop_timer_new(r->loop, on_timer, t);
	t->kill_at = USEC_NEVER;
	t->due = USEC_NEVER;
	if (pipe2(t->pipe, O_CLOEXEC) < 0) {
		t->pipe[0] = t->pipe[1] = -1;
		return;
	}
	(void)fcntl(t->pipe[0], F_SETFL, O_NONBLOCK);
	t->watch = loop_fd_add(r->loop, t->pipe[0], on_output, t);
}

void task_drop(struct task *t)
{
	t->gone = true;
	t->due = USEC_NEVER;
	if (!task_is_running(t)) {
		t->ops->free(t);
		return;
	}
	press(t, loop_now(t->r->loop));
	arm(t);
}

void task_stop(struct task *t)
{
	t->due = USEC_NEVER;
	loop_timer_set(t->timer, USEC_NEVER);
	if (task_is_running(t))
		(void)child_kill(t->child.pid, SIGTERM);
}

void task_done(struct task *t)
{
	if (task_is_running(t))
		(void)child_kill(t->child.pid, SIGKILL);
	loop_fd_free(t->watch);
	loop_timer_free(t->timer);
	for (unsigned i = 0; i < 2; i++)
		if (t->pipe[i] >= 0)
			close(t->pipe[i]);
	command_free(t->command);
}
