/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify_fifo, vrrp_notify_fifo and lvs_notify_fifo (vrrp-behaviour 15.1, LVS behaviour 6): the first
 * gets every line; each may have a script that reads it, started once and ended with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/child.h"
#include "io/fifo.h"
#include "proc/command.h"
#include "proc/runner/internal.h"

struct fifo {
	struct child child; /* first: children.c gives it back; the script that reads */
	struct fifos *all;
	char *path; /* NULL: not configured */
	int fd;
	bool created, full;
	uint32_t uid, gid;
	struct command *command;
};

struct fifos {
	struct runner *r;
	struct fifo v[FIFO_KINDS];
};

static void on_ended(struct child *c, int wait_status)
{
	struct fifo *f = (struct fifo *)c;

	if (f->path)
		log_warning("the script that reads FIFO %s has ended (status %d)", f->path,
			    children_status(wait_status));
}

static void start_script(struct fifo *f)
{
	pid_t pid;

	if (!f->command)
		return;
	pid = command_start(f->command, -1);
	if (pid < 0) {
		log_err("FIFO script %s: %s", f->command->text, command_error((int)pid));
		return;
	}
	f->child.pid = pid;
	f->child.ended = on_ended;
	children_add(&f->all->r->children, &f->child);
}

static void close_one(struct fifo *f)
{
	if (!f->path)
		return;
	if (f->child.pid > 0)
		(void)child_kill(f->child.pid, SIGTERM);
	if (f->fd >= 0)
		f->fd = fifo_close(f->fd, f->path, f->created);
	free(f->path);
	f->path = NULL;
	f->command = command_free(f->command);
}

static void open_one(struct fifo *f, const struct conf_fifo *c)
{
	f->path = strdup(c->path);
	if (!f->path)
		abort();
	f->full = false;
	f->uid = c->uid;
	f->gid = c->gid;
	f->fd = fifo_open(c->path, c->uid, c->gid, &f->created);
	if (f->fd < 0) {
		log_err("FIFO %s: %s", c->path,
			f->fd == -ENXIO ? "exists and is no FIFO" : strerror(-f->fd));
		return;
	}
	f->command = command_new(c->script, (const char *const[]){c->path}, 1, NULL);
	start_script(f);
}

static bool same_script(const struct command *a, const struct conf_fifo *c)
{
	struct command *b = command_new(c->script, (const char *const[]){c->path}, 1, NULL);
	bool same = a && b ? command_equal(a, b) : !a && !b;

	command_free(b);
	return same;
}

static void configure_one(struct fifo *f, const struct conf_fifo *c)
{
	if (f->path && c->path && f->fd >= 0 && str_eq(f->path, c->path) && f->uid == c->uid &&
	    f->gid == c->gid && same_script(f->command, c))
		return; /* its readers keep what they have open */
	close_one(f);
	if (c->path)
		open_one(f, c);
}

void fifos_configure(struct fifos *all)
{
	const struct conf_global *g = &all->r->conf->global;

	configure_one(&all->v[FIFO_ANY], &g->notify_fifo);
	configure_one(&all->v[FIFO_VRRP], &g->vrrp_notify_fifo);
	configure_one(&all->v[FIFO_LVS], &g->lvs_notify_fifo);
}

void fifos_write(struct fifos *all, enum fifo_kind kind, const char *line)
{
	for (unsigned i = 0; i < FIFO_KINDS; i++) {
		struct fifo *f = &all->v[i];
		int r;

		if (!f->path || f->fd < 0 || (i != FIFO_ANY && i != kind))
			continue;
		r = fifo_write(f->fd, line, strlen(line));
		if (r == -EAGAIN && !f->full)
			log_warning("FIFO %s is full: nobody reads it, lines are lost", f->path);
		f->full = r == -EAGAIN;
	}
}

struct fifos *fifos_new(struct runner *r)
{
	struct fifos *all = calloc(1, sizeof(*all));

	if (!all)
		abort();
	all->r = r;
	for (unsigned i = 0; i < FIFO_KINDS; i++) {
		all->v[i].all = all;
		all->v[i].fd = -1;
	}
	return all;
}

void fifos_close(struct fifos *all)
{
	for (unsigned i = 0; i < FIFO_KINDS; i++)
		close_one(&all->v[i]);
}

struct fifos *fifos_free(struct fifos *all)
{
	if (!all)
		return NULL;
	fifos_close(all);
	free(all);
	return NULL;
}
