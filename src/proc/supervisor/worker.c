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
#include "io/icmp_socket.h"
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

#define PING_RCVBUF (4 << 20) /* every echo reply of the host passes through */

static void on_start_timer(void *ctx)
{
	struct worker *w = ctx;

	worker_start(w, revive_adopts(w));
	worker_introduce(w);
}

void worker_init(struct worker *w, struct supervisor *s, enum slot slot)
{
	enum process id = slot_process(slot);

	*w = (struct worker){.s = s,
			     .slot = slot,
			     .id = id,
			     .channel = {.fd = -1, .self = PROC_SUPERVISOR, .peer = id}};
	(void)slot_name(slot, w->name);
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
				w->name);
			continue;
		}
		close_received(&m);
		handle(w, &m);
	}
}

/* Sockets that a check process may not open; it keeps them over reloads. */
static void give_ping_sockets(struct worker *w)
{
	int v4 = icmp_socket_open(IP_V4, PING_RCVBUF), v6 = icmp_socket_open(IP_V6, PING_RCVBUF);
	const struct msg_ping_sockets m = {.have_v4 = v4 >= 0, .have_v6 = v6 >= 0};
	int fds[2];
	unsigned n = 0;

	if (v4 >= 0)
		fds[n++] = v4;
	if (v6 >= 0)
		fds[n++] = v6;
	if (n == 0)
		log_err("no raw sockets for PING_CHECK: %s", strerror(-v4));
	w->has_ping = channel_send(&w->channel, MSG_PING_SOCKETS, &m, fds, n) == 0;
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
}

/* What a check process needs before its configuration. */
static int prepare_check(struct worker *w, const struct generation *g)
{
	if (g->needs.ping && !w->has_ping)
		give_ping_sockets(w);
	return channel_send(&w->channel, MSG_TLS, &g->tls, &g->tls_fd, g->tls_fd >= 0 ? 1 : 0);
}

static void set_ident_suffix(struct msg_config *m, const struct settings *set)
{
	struct buf b = BUF_ON(m->ident_suffix);

	if (set->net_namespace)
		buf_printf(&b, "_%s", set->net_namespace);
	if (set->instance)
		buf_printf(&b, "_%s", set->instance);
	(void)buf_text(&b);
}

int worker_configure(struct worker *w, const struct generation *g, bool adopt)
{
	const struct supervisor_options *o = w->s->o;
	const int fds[2] = {g->text_fd, g->board[w->slot].fd};
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
		.dont_release_ipvs = o->dont_release_ipvs,
		.address_monitoring = o->address_monitoring,
		.share = (uint8_t)slot_index(w->slot),
		.n_shares = (uint8_t)g->needs.checks,
		.engine = g->engine,
		.no_services = !g->needs.told,
		.first = g->number == 1 && !w->again,
		.adopt = adopt,
		.died = w->died,
	};
	int r = w->id == PROC_CHECK ? prepare_check(w, g) : 0;

	if (r < 0)
		return r;
	str_copy(m.run_dir, sizeof(m.run_dir), o->run_dir);
	set_ident_suffix(&m, g->settings);
	return channel_send(&w->channel, kinds[w->id].config, &m, fds, 2);
}

/* A start that failed counts as a quick death. */
static void start_failed(struct worker *w, int error)
{
	log_err("%s worker can't be started: %s", w->name, strerror(-error));
	supervisor_worker_gone(w, -1);
}

/* What ps shows, and pgrep looks for. */
static const char *program_name(const struct worker *w)
{
	const struct settings *set = w->s->now.settings;

	if (w->id == PROC_VRRP && set->vrrp_process_name)
		return set->vrrp_process_name;
	if ((w->id == PROC_LVS || w->id == PROC_CHECK) && set->checker_process_name)
		return set->checker_process_name;
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
	w->has_ping = false;
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

/* One that takes up what another has left goes the same way as that one: from what it knew, by a
 * reload. */
static int configure_started(struct worker *w, bool adopt)
{
	struct supervisor *s = w->s;
	int r = 0;

	if (w->id == PROC_LVS && adopt && s->lvs_past.number > 0) {
		r = worker_configure(w, &s->lvs_past, true);
		adopt = false;
	}
	return r < 0 ? r : worker_configure(w, &s->now, adopt);
}

void worker_start(struct worker *w, bool adopt)
{
	struct supervisor *s = w->s;
	int r = w->pid > 0 ? 0 : worker_launch(w);

	w->begun = true;
	if (r < 0) {
		start_failed(w, r);
		return;
	}
	atomic_store(&s->now.board[w->slot].map.header->pid, (int32_t)w->pid);
	r = configure_started(w, adopt);
	pidfiles_worker(s, w->id, w->pid);
	if (r < 0)
		log_err("%s worker got no configuration: %s", w->name, strerror(-r));
}

void worker_join(struct worker *a, struct worker *b)
{
	const struct msg_peer m_a = {.process = (uint8_t)b->id, .index = (uint8_t)slot_index(b->slot)};
	const struct msg_peer m_b = {.process = (uint8_t)a->id, .index = (uint8_t)slot_index(a->slot)};
	int ends[2];
	int r;

	if (a->channel.fd < 0 || b->channel.fd < 0)
		return;
	r = channel_pair(ends);
	if (r < 0) {
		log_err("no channel between %s and %s: %s", a->name, b->name, strerror(-r));
		return;
	}
	(void)channel_send(&a->channel, kinds[a->id].peer, &m_a, &ends[0], 1);
	(void)channel_send(&b->channel, kinds[b->id].peer, &m_b, &ends[1], 1);
	close(ends[0]);
	close(ends[1]);
}

/* Whether workers of these kinds talk to each other. */
static bool talk(const struct supervisor *s, enum process a, enum process b)
{
	enum process low = a < b ? a : b, high = a < b ? b : a;

	if (high == PROC_CHECK)
		return low == PROC_LVS;
	if (low == PROC_VRRP && high == PROC_LVS)
		return s->now.needs.sync;
	return low != high;
}

void worker_introduce(struct worker *w)
{
	struct supervisor *s = w->s;

	for (enum slot slot = 0; slot < SLOTS; slot++)
		if (talk(s, w->id, slot_process(slot)) && s->worker[slot].begun)
			worker_join(&s->worker[slot], w);
}

void worker_stop(struct worker *w)
{
	const struct msg_stop m = {0};

	loop_timer_set(w->start_timer, USEC_NEVER);
	if (w->pid > 0 && w->channel.fd >= 0)
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
	if (w->s->now.board[w->slot].map.header)
		atomic_store(&w->s->now.board[w->slot].map.header->pid, 0);
	supervisor_worker_gone(w, status);
}

void worker_done(struct worker *w)
{
	close_channel(w);
	w->start_timer = loop_timer_free(w->start_timer);
}
