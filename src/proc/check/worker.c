/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a check process: messages of the supervisor (configuration, TLS material, raw sockets,
 * channel to lvs, stop) and of lvs (snapshot wanted, ha_suspend), privileges, the heartbeat, the end.
 *
 * It parses the bytes of strangers, so it has no capability, runs as nobody, and has of files only its
 * board. The first configuration decides what is kept; one that asks for more makes the process end
 * once its board is complete: the supervisor starts another with what it needs, which goes on from there.
 *
 * A new configuration is read aside, so that no probe waits for it.
 */
#include "proc/check/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/aside.h"
#include "io/memfile.h"
#include "io/memory.h"
#include "io/privilege.h"
#include "proc/check/internal.h"
#include "proc/handed.h"

#define HEARTBEAT USEC_PER_SEC
#define HELD_MAX 65536

static void on_lvs(void *ctx);
static void configure(struct check_worker *w, struct message *m);

static void close_fds(struct message *m)
{
	for (unsigned i = 0; i < MSG_FDS_MAX; i++) {
		if (m->fds[i] >= 0)
			close(m->fds[i]);
		m->fds[i] = -1;
	}
}

static void write_header(struct check_worker *w)
{
	struct board_header *h = w->board.header;

	atomic_store(&h->pid, (int32_t)getpid());
	atomic_store(&h->heartbeat, clock_monotonic());
	atomic_store(&h->worst_lateness, w->worst_lateness);
	atomic_store(&h->rt_priority, (uint32_t)w->sched.rt_priority);
	atomic_store(&h->mem_locked, w->sched.locked);
}

/* ---- privileges ---- */

static unsigned privileges_of(const struct check_set *s)
{
	unsigned needed = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct conf_check_socket *c = (const struct conf_check_socket *)s->plans[i].conf;

		if (c->fwmark || c->bind_if)
			needed |= PRIVILEGE_MARK;
		if (c->bind_port && c->bind_port < 1024)
			needed |= PRIVILEGE_LOW_PORT;
	}
	return needed;
}

/* Whether the configuration can be run with what there is left. */
static bool suffices(struct check_worker *w, const struct check_set *s)
{
	unsigned needed = privileges_of(s);
	int r;

	if (w->dropped)
		return (needed & ~w->privileges) == 0;
	w->sched = handed_schedule_checker(&s->conf->global.checker_sched);
	r = privilege_drop(needed);
	if (r < 0)
		log_warning("privileges can't be given up: %s", strerror(-r));
	w->privileges = needed;
	w->dropped = true;
	return true;
}

/* ---- TLS ---- */

static bool has_tls(const struct check_set *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->plans[i].ops->transport == PROBE_TLS)
			return true;
	return false;
}

static void use_tls(struct check_worker *w, const struct check_set *s)
{
	const struct msg_tls *m = &w->tls.TLS;
	size_t len = (size_t)m->ca_len + m->certificate_len + m->key_len;
	struct probe_tls_material material = {.password = s->conf->ssl ? s->conf->ssl->password : NULL};
	char *pem = len && w->tls.fds[0] >= 0 ? memfile_map(w->tls.fds[0], len) : NULL;
	char error[PROBE_REASON_MAX];

	if (has_tls(s)) {
		if (pem) {
			material.ca = (struct probe_bytes){pem, m->ca_len};
			material.certificate = (struct probe_bytes){pem + m->ca_len, m->certificate_len};
			material.key = (struct probe_bytes){pem + m->ca_len + m->certificate_len, m->key_len};
		}
		if (probe_engine_set_tls(w->engine, &material, error) < 0)
			log_err("%s", error);
	}
	if (pem)
		memfile_unmap(pem, len);
	close_fds(&w->tls);
	w->tls.TLS = (struct msg_tls){0};
}

/* ---- configuration ---- */

struct reading {
	struct check_worker *w;
	struct msg_config config;
	int text_fd, board_fd;
	struct check_set *set;
};

static void read_text(void *ctx)
{
	static const struct conf_load_options sealed = {.tree.literal = true};
	const struct conf_host nobody = {0};
	struct reading *r = ctx;
	struct conf_loaded l = handed_load(&r->config, r->text_fd, &nobody, &sealed);

	if (l.arena)
		r->set = check_set_new(&l, r->config.generation, r->config.share, r->config.n_shares);
}

/* What lvs said of it before it was there. */
static void release_held(struct check_worker *w)
{
	for (unsigned i = 0; i < w->n_held; i++)
		if (w->held[i].generation == w->set->generation)
			checks_suspend(w, w->held[i].vs, w->held[i].suspended);
	free(w->held);
	w->held = NULL;
	w->n_held = w->cap_held = 0;
}

static void take(struct check_worker *w, const struct reading *r, const struct board *board)
{
	bool enough = suffices(w, r->set);

	use_tls(w, r->set);
	checks_configure(w, r->set, board, r->config.first);
	if (!atomic_load(&w->board.header->started))
		atomic_store(&w->board.header->started, clock_monotonic());
	write_header(w);
	release_held(w);
	handed_ready(&w->supervisor, MSG_READY_CHECK, r->config.generation, 0, "");
	if (!enough) {
		log_notice("checks need privileges that were given up: another process takes over");
		checks_stop(w);
		loop_quit(w->loop);
		return;
	}
	tell_all(w);
}

static void take_up(void *ctx)
{
	struct reading *r = ctx;
	struct check_worker *w = r->w;
	struct board board;
	int e = r->set ? board_map(r->board_fd, true, &board) : -EINVAL;

	w->reading = NULL;
	if (e == 0 && board.header->shape.probes != r->set->n) {
		board_unmap(&board);
		e = -EPROTO;
	}
	if (e == 0) {
		take(w, r, &board);
	} else {
		check_set_free(r->set);
		handed_ready(&w->supervisor, MSG_READY_CHECK, r->config.generation, e,
		      r->set ? "the board does not fit the configuration"
			     : "the configuration can't be read back");
	}
	close(r->text_fd);
	close(r->board_fd);
	free(r);
	memory_trim();
	if (w->next_wanted && !w->stopping) {
		w->next_wanted = false;
		configure(w, &w->next_config);
	}
}

static void configure(struct check_worker *w, struct message *m)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	*r = (struct reading){
		.w = w, .config = m->CONFIG_CHECK, .text_fd = m->fds[0], .board_fd = m->fds[1]};
	m->fds[0] = m->fds[1] = -1;
	w->reading = r;
	handed_open_log(&r->config, "Keepalived_check");
	/* The first one is read at once: there is nothing to keep going yet. */
	if (w->set && aside_run(w->loop, read_text, take_up, r))
		return;
	read_text(r);
	take_up(r);
}

/* One at a time; of those that come meanwhile the last one counts. */
static void configure_in_turn(struct check_worker *w, struct message *m)
{
	if (!w->reading) {
		configure(w, m);
		return;
	}
	if (w->next_wanted)
		close_fds(&w->next_config);
	w->next_config = *m;
	w->next_wanted = true;
	m->fds[0] = m->fds[1] = -1;
}

/* ---- lvs ---- */

static void hold(struct check_worker *w, const struct msg_suspend *m)
{
	if (w->n_held == HELD_MAX)
		return;
	if (w->n_held == w->cap_held) {
		w->cap_held = w->cap_held ? 2 * w->cap_held : 16;
		w->held = realloc(w->held, w->cap_held * sizeof(*w->held));
		if (!w->held)
			abort();
	}
	w->held[w->n_held++] = *m;
}

static void hear_lvs(struct check_worker *w, const struct message *m)
{
	if (m->kind == MSG_SNAPSHOT_CHECK) {
		tell_forget(w);
		w->wanted = m->SNAPSHOT_CHECK.generation;
		tell_all(w);
	} else if (m->kind == MSG_SUSPEND_CHECK) {
		const struct msg_suspend *s = &m->SUSPEND_CHECK;

		if (w->set && s->generation == w->set->generation)
			checks_suspend(w, s->vs, s->suspended);
		else if (!w->set || s->generation > w->set->generation)
			hold(w, s);
	}
}

static void close_lvs(struct check_worker *w)
{
	tell_forget(w);
	w->lvs_watch = loop_fd_free(w->lvs_watch);
	if (w->lvs.fd >= 0)
		close(w->lvs.fd);
	w->lvs.fd = -1;
	w->wanted = 0;
}

static void on_lvs(void *ctx)
{
	struct check_worker *w = ctx;
	struct message m;
	int e;

	while (w->lvs.fd >= 0 && (e = channel_receive(&w->lvs, &m)) != 0) {
		if (e == -ECONNRESET)
			close_lvs(w);
		else if (e < 0)
			log_err("message from the lvs worker breaks the table, dropped");
		else
			hear_lvs(w, &m);
	}
}

static void meet_lvs(struct check_worker *w, int fd)
{
	if (fd < 0)
		return;
	close_lvs(w);
	w->lvs.fd = fd;
	w->lvs_watch = loop_fd_add(w->loop, fd, on_lvs, w);
}

/* ---- the supervisor ---- */

static void finish(struct check_worker *w)
{
	const struct msg_stopped m = {0};

	w->stopping = true;
	if (w->supervisor.fd >= 0)
		(void)channel_send(&w->supervisor, MSG_STOPPED_CHECK, &m, NULL, 0);
	loop_quit(w->loop);
}

static void take_ping_sockets(struct check_worker *w, struct message *m)
{
	unsigned n = 0;
	int v4 = m->PING_SOCKETS.have_v4 ? m->fds[n++] : -1;
	int v6 = m->PING_SOCKETS.have_v6 ? m->fds[n++] : -1;

	probe_engine_set_ping(w->engine, v4, v6);
	m->fds[0] = m->fds[1] = -1;
}

static void obey(struct check_worker *w, struct message *m)
{
	if (m->kind == MSG_CONFIG_CHECK) {
		configure_in_turn(w, m);
	} else if (m->kind == MSG_TLS) {
		close_fds(&w->tls);
		w->tls = *m;
		m->fds[0] = m->fds[1] = -1;
	} else if (m->kind == MSG_PING_SOCKETS) {
		take_ping_sockets(w, m);
	} else if (m->kind == MSG_PEER_CHECK && m->PEER_CHECK.process == PROC_LVS) {
		meet_lvs(w, m->fds[0]);
		m->fds[0] = -1;
	} else if (m->kind == MSG_STOP_CHECK) {
		finish(w);
	}
	close_fds(m);
}

static void on_supervisor(void *ctx)
{
	struct check_worker *w = ctx;
	struct message m;
	int e;

	while (!w->stopping && (e = channel_receive(&w->supervisor, &m)) != 0) {
		if (e > 0) {
			obey(w, &m);
		} else if (e == -ECONNRESET) {
			log_err("the supervisor is gone, stopping");
			w->supervisor_watch = loop_fd_free(w->supervisor_watch);
			close(w->supervisor.fd);
			w->supervisor.fd = -1;
			finish(w);
		} else {
			log_err("message from the supervisor breaks the table, dropped");
		}
	}
}

static void on_beat(void *ctx)
{
	struct check_worker *w = ctx;

	if (w->set)
		write_header(w);
	loop_timer_set(w->beat, loop_now(w->loop) + HEARTBEAT);
}

static void ignore(void *ctx, int signo)
{
}

static void catch_signals(struct check_worker *w)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		loop_signal_add(w->loop, ignored[i], ignore, w);
}

int check_worker_main(int channel_fd)
{
	struct check_worker w = {.supervisor = {channel_fd, PROC_CHECK, PROC_SUPERVISOR},
				 .lvs = {-1, PROC_CHECK, PROC_LVS},
				 .tls.fds = {-1, -1}};

	privilege_raise_files();
	w.loop = loop_new();
	w.agenda = agenda_new(w.loop);
	w.engine = probe_engine_new(w.loop, w.agenda);
	if (!w.engine)
		return 1;
	w.beat = loop_timer_new(w.loop, on_beat, &w);
	catch_signals(&w);
	w.supervisor_watch = loop_fd_add(w.loop, channel_fd, on_supervisor, &w);
	loop_timer_set(w.beat, clock_monotonic() + HEARTBEAT);
	loop_run(w.loop);
	checks_stop(&w);
	close_lvs(&w);
	close_fds(&w.tls);
	loop_fd_free(w.supervisor_watch);
	loop_timer_free(w.beat);
	probe_engine_free(w.engine);
	agenda_free(w.agenda);
	loop_free(w.loop);
	free(w.held);
	return 0;
}
