/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: one JSON request a line, answered by lines {"text": ...} and a last one
 * {"status": N}. The only request so far is {"command": "reload", "dry_run": bool}; whoever wants
 * to know the state reads the boards and asks nobody.
 *
 * Owns the socket and its clients. A client that does not read loses lines, never holds us up; one
 * that says nothing gives way to a new one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/str.h"
#include "io/unixsock.h"
#include "proc/supervisor/internal.h"

#define REQUEST_MAX 4096
#define CLIENTS_MAX 16

struct client {
	struct control *control;
	int fd; /* -1: free */
	struct loop_fd *watch;
	bool busy; /* a reload will answer */
	usec_t since; /* when it connected */
	size_t n;
	char request[REQUEST_MAX];
};

struct control {
	struct supervisor *s;
	int fd;
	struct loop_fd *watch;
	struct client clients[CLIENTS_MAX];
};

static void hang_up(struct client *c)
{
	c->watch = loop_fd_free(c->watch);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->n = 0;
}

static void answer(struct client *c, json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT);

	if (line && c->fd >= 0)
		(void)unixsock_send_line(c->fd, line);
	free(line);
	json_decref(object);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LVL_ERR:
		return "error";
	case LVL_WARNING:
		return "warning";
	case LVL_NOTICE:
	case LVL_INFO:
	case LVL_DEBUG:
		break;
	}
	return "info";
}

static void report_line(void *ctx, enum log_level level, const char *text)
{
	answer(ctx,
	       json_pack("{s:s%, s:s}", "text", text, strlen(text), "level", level_name(level)));
}

static void done(void *ctx, int status)
{
	struct client *c = ctx;

	c->busy = false;
	answer(c, json_pack("{s:i}", "status", status));
	hang_up(c);
}

static void refuse(struct client *c, const char *why)
{
	report_line(c, LVL_ERR, why);
	done(c, 1);
}

static void obey(struct client *c)
{
	json_t *request = json_loads(c->request, 0, NULL);
	const char *command = json_string_value(json_object_get(request, "command"));
	bool dry_run = json_is_true(json_object_get(request, "dry_run"));
	const struct asker asker = {.ctx = c, .line = report_line, .done = done};

	if (!command || !str_eq(command, "reload")) {
		refuse(c,
		       command ? "unknown command" : "a request is a JSON object with \"command\"");
	} else {
		c->busy = true;
		reload_start(c->control->s, dry_run, &asker);
	}
	json_decref(request);
}

static void on_client(void *ctx)
{
	struct client *c = ctx;
	ssize_t n = read(c->fd, c->request + c->n, sizeof(c->request) - 1 - c->n);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 && c->busy) { /* it has said all, and may still listen for the answer */
		c->watch = loop_fd_free(c->watch);
		return;
	}
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->n += (size_t)n;
	c->request[c->n] = '\0';
	end = memchr(c->request, '\n', c->n);
	if (c->busy) {
		c->n = 0;
	} else if (end) {
		*end = '\0';
		c->n = 0;
		obey(c);
	} else if (c->n == sizeof(c->request) - 1) {
		refuse(c, "request too long");
	}
}

/* A free place, else that of the one who has said nothing for the longest time; NULL: all are busy. */
static struct client *place(struct control *control)
{
	struct client *idle = NULL;

	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &control->clients[i];

		if (c->busy)
			continue;
		if (c->fd < 0)
			return c;
		if (!idle || c->since < idle->since)
			idle = c;
	}
	if (idle)
		hang_up(idle);
	return idle;
}

static void on_connect(void *ctx)
{
	struct control *control = ctx;
	int fd = unixsock_accept(control->fd);
	struct client *c;

	if (fd < 0)
		return;
	c = place(control);
	if (!c) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->n = 0;
	c->since = clock_monotonic();
	c->watch = loop_fd_add(control->s->loop, fd, on_client, c);
}

/* 0 or -errno, told. */
static int listen_anew(struct control *control)
{
	char path[RUN_PATH_MAX];
	int fd = unixsock_listen(run_path(control->s, "control.sock", path), 0600);

	if (fd < 0) {
		log_err("%s: %s", path, strerror(-fd));
		return fd;
	}
	control->fd = fd;
	control->watch = loop_fd_add(control->s->loop, fd, on_connect, control);
	return 0;
}

void control_mend(struct control *control)
{
	char path[RUN_PATH_MAX];

	if (access(run_path(control->s, "control.sock", path), F_OK) == 0)
		return;
	control->watch = loop_fd_free(control->watch);
	if (control->fd >= 0)
		close(control->fd);
	control->fd = -1;
	(void)listen_anew(control);
}

int control_open(struct supervisor *s, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		abort();
	control->s = s;
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		control->clients[i].fd = -1;
		control->clients[i].control = control;
	}
	r = listen_anew(control);
	if (r < 0)
		free(control);
	else
		*ret = control;
	return r;
}

struct control *control_close(struct control *control)
{
	char path[RUN_PATH_MAX];

	if (!control)
		return NULL;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		hang_up(&control->clients[i]);
	loop_fd_free(control->watch);
	if (control->fd >= 0)
		close(control->fd);
	(void)unlink(run_path(control->s, "control.sock", path));
	free(control);
	return NULL;
}
