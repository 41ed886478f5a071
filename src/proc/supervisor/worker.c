/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One worker process as the supervisor sees it: start, configuration, messages, death and start
 * again. Owns its pid, its channel and its timer. Must not know what a worker does.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/process.h"
#include "proc/supervisor/internal.h"

static const struct {
	enum message_kind config, peer, stop, ready, stopped;
} kinds[PROC_COUNT] = {
#define KINDS(x) {MSG_CONFIG_##x, MSG_PEER_##x, MSG_STOP_##x, MSG_READY_##x, MSG_STOPPED_##x}
	[PROC_VRRP] = KINDS(VRRP),
	[PROC_RUNNER] = KINDS(RUNNER),
	[PROC_LVS] = KINDS(LVS),
	[PROC_CHECK] = KINDS(CHECK),
#undef KINDS
};

static void on_start_timer(void *ctx)
{
	struct worker *w = ctx;

	worker_start(w, !w->orphaned && !w->frozen);
	worker_introduce(w->s);
}

void worker_init(struct worker *w, struct supervisor *s, enum process id)
{
	*w = (struct worker){
		.s = s, .id = id, .channel = {.fd = -1, .self = PROC_SUPERVISOR, .peer = id}};
	w->start_timer = loop_timer_new(s->loop, on_start_timer, w);
}

static void close_channel(struct worker *w)
{
	w->watch = loop_fd_free(w->watch);
	if (w->channel.fd >= 0)
		close(w->channel.fd);
	w->channel.fd = -1;
}

static void close_received(struct message *m)
{
	for (unsigned i = 0; i < MSG_FDS_MAX; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
}

/* What channel_receive() lets through is for us and from this worker: one of these. */
static void handle(struct worker *w, const struct message *m)
{
	if (m->kind == kinds[w->id].ready) {
		supervisor_worker_ready(w, &m->READY_VRRP); /* the same struct for all */
	} else if (m->kind == kinds[w->id].stopped) {
		w->stopped = true;
		supervisor_worker_stopped(w);
	}
}

static void on_readable(void *ctx)
{
	struct worker *w = ctx;
	struct message m;
	int r;

	while (w->channel.fd >= 0 && (r = channel_receive(&w->channel, &m)) != 0) {
		if (r == -ECONNRESET) {
			/* It dies, or has lost its mind: SIGCHLD follows in any case. */
			close_channel(w);
			worker_kill(w);
			return;
		}
		if (r < 0) {
			log_err("message from the %s worker breaks the table, dropped",
				process_name(w->id));
			continue;
		}
		close_received(&m);
		handle(w, &m);
	}
}

int worker_configure(struct worker *w, const struct generation *g, bool adopt)
{
	const struct supervisor_options *o = w->s->o;
	const int fds[2] = {g->text_fd, g->board[w->id].fd};
	struct msg_config m = {
		.generation = g->number,
		.text_len = g->text_len,
		.log_sink = (uint8_t)o->log.sink,
		.log_format = (uint8_t)o->log.format,
		.log_level = (uint8_t)o->log.level,
		.log_facility = (uint8_t)(o->log.facility >> 3),
		.log_also_stderr = o->log.also_stderr,
		.log_detail = o->log_detail,
		.dont_release = o->dont_release,
		.address_monitoring = o->address_monitoring,
		.adopt = adopt,
		.died = w->died,
	};
	const struct settings *set = g->settings;

	str_copy(m.run_dir, sizeof(m.run_dir), o->run_dir);
	if (set->net_namespace || set->instance) {
		struct buf b = BUF_ON(m.ident_suffix);

		if (set->net_namespace)
			buf_printf(&b, "_%s", set->net_namespace);
		if (set->instance)
			buf_printf(&b, "_%s", set->instance);
		(void)buf_text(&b);
	}
	return channel_send(&w->channel, kinds[w->id].config, &m, fds, 2);
}

/* A start that failed counts as a quick death. */
static void start_failed(struct worker *w, int error)
{
	log_err("%s worker can't be started: %s", process_name(w->id), strerror(-error));
	supervisor_worker_gone(w, -1);
}

/* What ps shows, and pgrep looks for. */
static const char *program_name(const struct worker *w)
{
	const char *vrrp = w->s->now.settings->vrrp_process_name;

	if (w->id == PROC_VRRP && vrrp)
		return vrrp;
	return w->s->o->keepalived ? "keepalived" : "holdfast";
}

int worker_launch(struct worker *w)
{
	char *argv[] = {(char *)program_name(w), "--worker", (char *)process_name(w->id), NULL};
	int ends[2], r;
	pid_t pid;

	loop_timer_set(w->start_timer, USEC_NEVER);
	w->started = clock_monotonic();
	w->stopped = false;
	w->ready = 0;
	r = channel_pair(ends);
	if (r < 0)
		return r;
	pid = process_start_self(argv, ends[1]);
	close(ends[1]);
	w->channel.fd = ends[0];
	if (pid < 0) {
		close_channel(w);
		return (int)pid;
	}
	w->pid = pid;
	w->orphaned = false;
	watch_reset(&w->beats);
	w->watch = loop_fd_add(w->s->loop, w->channel.fd, on_readable, w);
	return 0;
}

void worker_start(struct worker *w, bool adopt)
{
	struct supervisor *s = w->s;
	int r = w->pid > 0 ? 0 : worker_launch(w);

	if (r < 0) {
		start_failed(w, r);
		return;
	}
	atomic_store(&s->now.board[w->id].map.header->pid, (int32_t)w->pid);
	r = worker_configure(w, &s->now, adopt);
	pidfiles_worker(s, w->id, w->pid);
	if (r < 0)
		log_err("%s worker got no configuration: %s", process_name(w->id), strerror(-r));
}

void worker_introduce(struct supervisor *s)
{
	struct worker *a = &s->worker[PROC_VRRP], *b = &s->worker[PROC_RUNNER];
	const struct msg_peer m = {0};
	int ends[2];
	int r;

	if (a->channel.fd < 0 || b->channel.fd < 0)
		return;
	r = channel_pair(ends);
	if (r < 0) {
		log_err("no channel between vrrp and runner: %s", strerror(-r));
		return;
	}
	(void)channel_send(&a->channel, kinds[a->id].peer, &m, &ends[0], 1);
	(void)channel_send(&b->channel, kinds[b->id].peer, &m, &ends[1], 1);
	close(ends[0]);
	close(ends[1]);
}

void worker_stop(struct worker *w)
{
	const struct msg_stop m = {0};

	loop_timer_set(w->start_timer, USEC_NEVER);
	if (w->channel.fd >= 0)
		(void)channel_send(&w->channel, kinds[w->id].stop, &m, NULL, 0);
}

void worker_kill(struct worker *w)
{
	if (w->pid > 0)
		(void)process_kill(w->pid, SIGKILL);
}

void worker_died(struct worker *w, int status)
{
	w->pid = 0;
	/* What it said last is still in the channel: a STOPPED decides whether this is a crash. */
	if (w->channel.fd >= 0)
		on_readable(w);
	close_channel(w);
	w->died = clock_monotonic();
	if (w->s->now.board[w->id].map.header)
		atomic_store(&w->s->now.board[w->id].map.header->pid, 0);
	supervisor_worker_gone(w, status);
}

void worker_done(struct worker *w)
{
	close_channel(w);
	w->start_timer = loop_timer_free(w->start_timer);
}
