/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the life of the vrrp process: what the supervisor and the runner tell it, its timers, its
 * scheduling, and stopping in good order, also when the supervisor is gone. Must not know: VRRP.
 */
#include "proc/vrrp/worker.h"

#include "base/str.h"
#include "io/aside.h"
#include "io/log.h"
#include "io/memory.h"
#include "proc/handed.h"
#include "proc/vrrp/driver.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEARTBEAT USEC_PER_SEC
#define GATHER USEC_PER_MSEC /* adverts of many instances are taken in together */
#define GUARD_DEFAULT (1000 * 1000) /* usec of CPU without a pause */
#define PACKET_MAX 4300 /* an advert with 255 IPv6 addresses */

/* ---- scheduling ---- */

static void runaway_guard(struct vrrp_worker *w, const struct conf_sched *s)
{
	sched_guard(s->rlimit_rttime ? s->rlimit_rttime : GUARD_DEFAULT, &w->demoted);
}

static void schedule(struct vrrp_worker *w, const struct conf_sched *s)
{
	struct sched_wish wish = {
		.rt_priority = s->rt_priority < 0 ? 1 : s->rt_priority,
		.lock_memory = s->no_swap != TRI_OFF,
		.nice = s->nice,
		.cpus = s->cpus.v,
		.n_cpus = s->cpus.n,
	};
	struct sched_got *got = &w->sched;

	sched_apply(&wish, got);
	runaway_guard(w, s);
	log_info("Scheduling: %s%s%s, memory %s%s%s",
		 got->rt_priority ? "real-time" : "normal", got->rt_error ? ", real-time not permitted: " : "",
		 got->rt_error ? strerror(-got->rt_error) : "", got->locked ? "locked" : "not locked",
		 got->lock_error ? ": " : "", got->lock_error ? strerror(-got->lock_error) : "");
}

/* What is needed from now on: addresses and rules, sockets. Nothing is ever executed here. */
static void privileges(void *ctx)
{
	static const int keep[] = {CAP_NET_ADMIN, CAP_NET_RAW};
	int r = privileges_keep(keep, ARRAY_SIZE(keep), true);

	if (r < 0)
		log_warning("can't give up privileges: %s", strerror(-r));
}

/* Each thread has privileges of its own. */
static void threads(struct vrrp_worker *w)
{
	int r = requests_open(w, privileges);

	if (r < 0)
		log_warning("no thread for changes of addresses, adverts have to wait for them: %s", strerror(-r));
	privileges(NULL);
}

static void board_process(struct vrrp_worker *w)
{
	struct board_header *h = w->g->board.header;

	h->pid = getpid();
	h->heartbeat = clock_monotonic();
	if (!h->started)
		h->started = clock_monotonic();
	h->rt_priority = w->demoted ? 0 : w->sched.rt_priority;
	h->mem_locked = w->sched.locked;
	h->notify_sequence = w->notify_sequence;
}

static void stop_if_done(struct vrrp_worker *w);

/* ---- timers ---- */

/* The guard took the priority away, and the supervisor may have given it back. */
static void watch_priority(struct vrrp_worker *w)
{
	if (!w->demoted)
		return;
	if (!w->demoted_told) {
		w->demoted_told = true;
		log_err("used too much processor time without a pause: continuing without real-time priority");
		return;
	}
	w->demoted = false; /* first: the guard may fire again right now */
	if (!w->g || sched_priority() == 0) {
		w->demoted = true;
		return;
	}
	w->demoted_told = false;
	runaway_guard(w, &w->g->conf->global.vrrp_sched); /* the kernel raised the limit that was hit */
	log_notice("real-time priority again");
}

static void heartbeat(void *ctx)
{
	struct vrrp_worker *w = ctx;

	watch_priority(w);
	if (w->g)
		board_process(w);
	sync_tell(w);
	loop_timer_set(w->heartbeat, loop_now(w->loop) + HEARTBEAT);
}

/* The loop has read what arrived before it calls a timer that is late: a stale one never acts. */
static void deadline(void *ctx)
{
	static const struct vrrp_event tick = {.kind = VRRP_EV_TICK};
	struct vrrp_worker *w = ctx;
	usec_t due = vrrp_router_deadline(w->g->router), late = clock_monotonic() - due;

	if (due != USEC_NEVER && late > w->g->board.header->worst_lateness)
		w->g->board.header->worst_lateness = late;
	if (links_deadline(w) <= clock_monotonic())
		links_settle(w);
	driver_event(w, &tick);
	stop_if_done(w);
}

static void netlink_readable(void *ctx)
{
	struct vrrp_worker *w = ctx;

	netlink_dispatch(w->netlink);
	links_settle(w);
}

/* ---- stopping ---- */

static void stop(struct vrrp_worker *w)
{
	static const struct vrrp_event shutdown = {.kind = VRRP_EV_SHUTDOWN};

	if (w->stopping)
		return;
	if (w->reading) { /* first the new configuration, then its end */
		w->stop_wanted = true;
		return;
	}
	w->stopping = true;
	if (!w->g) {
		loop_quit(w->loop);
		return;
	}
	driver_event(w, &shutdown);
	/* Nothing will be announced any more. The kernel takes a while to close a packet socket: not after
	 * the hand-over, when we are waited for. */
	if (w->frame_fd >= 0)
		close(w->frame_fd);
	w->frame_fd = -1;
	stop_if_done(w);
}

/* When the router has stopped and its addresses are gone, the static ones go, and then we. */
static void stop_if_done(struct vrrp_worker *w)
{
	struct generation *g = w->g;

	if (!w->stopping || w->stopped || !vrrp_router_stopped(g->router) || addresses_busy(w))
		return;
	w->stopped = true;
	addresses_disown(w, g, &g->vis[g->conf->instances.n]);
	requests_remove_all(w, g);
	w->firewall = firewall_close(w->firewall);
	links_demote(g);
	report_outbox_send(w);
	report_all(g);
	g->board.header->pid = 0;
	if (w->supervisor.fd >= 0)
		channel_send(&w->supervisor, MSG_STOPPED_VRRP, &(struct msg_stopped){0}, NULL, 0);
	loop_quit(w->loop);
}

static void terminate(void *ctx, int signo)
{
	log_notice("Got signal %d, stopping", signo);
	stop(ctx);
}

/* ---- a configuration ---- */

/* A configuration being read: aside, so that no advert waits for 10,000 instances. */
struct reading {
	struct vrrp_worker *w;
	struct msg_config config;
	int text_fd, board_fd;
	unsigned old_links, old_slots;
	struct generation *g;
};

static void read_text(void *ctx)
{
	static const struct conf_load_options sealed = {.tree.literal = true,
							.skip_services = true};
	struct conf_host nobody = {0};
	struct reading *r = ctx;
	struct conf_loaded loaded = handed_load(&r->config, r->text_fd, &nobody, &sealed);

	if (loaded.arena)
		r->g = generation_build(loaded, r->board_fd, r->old_links, r->old_slots);
}

static int open_kernel(struct vrrp_worker *w, const struct conf_global *c)
{
	const struct netlink_options o = {
		.monitor = true,
		.monitor_rcvbuf = c->vrrp_monitor_rcvbuf.size,
		.monitor_force = c->vrrp_monitor_rcvbuf.force,
		.command_rcvbuf = c->vrrp_cmd_rcvbuf.size,
		.command_force = c->vrrp_cmd_rcvbuf.force,
	};
	const struct netlink_events events = {.ctx = w, .link = links_event, .address = links_address_event};
	int r = netlink_open(&o, &events, &w->netlink);

	if (r < 0)
		return r;
	w->netlink_watch = loop_fd_add(w->loop, netlink_fd(w->netlink), netlink_readable, w);
	w->frame_fd = frame_socket_open();
	if (w->frame_fd < 0)
		log_err("no packet socket, nothing will be announced: %s", strerror(-w->frame_fd));
	return 0;
}

static bool had_role(const struct board_instance *b)
{
	return (b->state == VRRP_MASTER && !b->leaving) || b->state == VRRP_BACKUP || b->state == VRRP_FAULT;
}

/* A predecessor died a moment ago: what it was, we are, if nobody can have noticed. */
static void adopt(struct generation *g, const struct msg_config *c)
{
	usec_t now = clock_monotonic();

	for (unsigned i = 0; i < g->conf->instances.n; i++) {
		const struct conf_instance *ci = g->conf->instances.v[i];
		struct board_instance b;

		if (!board_read(&g->board.instances[i], &b, sizeof(b)) || !had_role(&b))
			continue;
		if (now - c->died > vrrp_master_down_interval(ci->version, 254, ci->advert_int, ci->down_timer_adverts))
			continue;
		vrrp_router_adopt(
			g->router,
			&(struct vrrp_past){.instance = i, .state = b.state, .since = b.since,
					    .cause = b.cause, .followed = b.followed});
		if (b.state != VRRP_MASTER)
			continue;
		g->vis[i].owning = true;
		for (unsigned j = 0; j < g->vis[i].n_va; j++)
			address_book_want(g->book, g->vis[i].va[j].slot);
	}
}

static void ask_snapshot(struct vrrp_worker *w)
{
	if (w->g && w->runner.fd >= 0)
		channel_send(&w->runner, MSG_SNAPSHOT,
			     &(struct msg_snapshot){.generation = w->g->conf->generation}, NULL, 0);
}

static void first(struct vrrp_worker *w, struct generation *g, const struct msg_config *c)
{
	/* a master without its addresses would be worse than none */
	bool able = privileges_have(CAP_NET_ADMIN);
	int r = able ? open_kernel(w, &g->conf->global) : -EPERM;

	if (r < 0) {
		handed_ready(&w->supervisor, MSG_READY_VRRP, c->generation,
			     r, able ? "can't open netlink" : "no permission to change addresses");
		generation_free(g);
		return;
	}
	schedule(w, &g->conf->global.vrrp_sched);
	threads(w);
	w->notify_sequence = g->board.header->notify_sequence; /* a predecessor's */
	if (c->adopt)
		adopt(g, c);
	generation_start(w, g, NULL);
	heartbeat(w);
	handed_ready(&w->supervisor, MSG_READY_VRRP, c->generation,
		     w->denied ? -EPERM : 0, w->denied ? "no permission to open raw sockets" : "");
	ask_snapshot(w);
}

static void forget(void *ctx)
{
	generation_free(ctx);
	memory_trim();
}

static void forgotten(void *ctx)
{
}

/* Last of all, as the thread that frees it holds the heap meanwhile. */
static void retire(struct vrrp_worker *w)
{
	struct generation *old = w->retired;

	w->retired = NULL;
	if (old && !aside_run(w->loop, forget, forgotten, old))
		forget(old);
}

static void next(struct vrrp_worker *w, struct generation *g, const struct msg_config *c)
{
	struct generation *old = w->g;

	generation_start(w, g, old);
	board_process(w);
	old->board.header->pid = 0;
	w->retired = old;
	if (g->conf->global.fifo_write_vrrp_states_on_reload)
		report_states_to_fifo(w, g);
	handed_ready(&w->supervisor, MSG_READY_VRRP, c->generation, 0, "");
	ask_snapshot(w);
	sync_tell(w);
}

static void take_up(void *ctx)
{
	struct reading *r = ctx;
	struct vrrp_worker *w = r->w;

	if (w->request.away || w->strayed) { /* it belongs to the present one */
		w->held = r;
		return;
	}
	w->reading = false;
	if (!r->g) {
		handed_ready(&w->supervisor, MSG_READY_VRRP, r->config.generation,
			     -EINVAL, "the worker can't read the configuration or its board");
	} else {
		generation_join(w, r->g, w->g);
		if (w->g)
			next(w, r->g, &r->config);
		else
			first(w, r->g, &r->config);
	}
	close(r->text_fd);
	close(r->board_fd);
	free(r);
	retire(w);
	if (w->stop_wanted)
		stop(w);
}

void worker_settled(struct vrrp_worker *w)
{
	struct reading *r = w->held;

	w->held = NULL;
	if (r)
		take_up(r);
	stop_if_done(w);
}

/* The first configuration is read at once: there is nothing to keep going yet. */
static void configure(struct vrrp_worker *w, struct message *m)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	*r = (struct reading){.w = w, .config = m->CONFIG_VRRP, .text_fd = m->fds[0], .board_fd = m->fds[1]};
	m->fds[0] = m->fds[1] = -1;
	if (w->g) {
		r->old_links = w->g->n_links;
		r->old_slots = address_book_count(w->g->book);
	}
	w->options = r->config;
	w->reading = true;
	handed_open_log(&r->config, "Keepalived_vrrp");
	if (w->g && aside_run(w->loop, read_text, take_up, r))
		return;
	read_text(r);
	take_up(r);
}

/* ---- messages ---- */

static void runner_message(struct vrrp_worker *w, const struct message *m)
{
	struct vrrp_event ev = {0};

	if (!w->g)
		return;
	if (m->kind == MSG_SCRIPT_STATE) {
		if (m->SCRIPT_STATE.generation != w->g->conf->generation ||
		    m->SCRIPT_STATE.script >= w->g->conf->scripts.n)
			return;
		ev.kind = VRRP_EV_SCRIPT;
		ev.id = m->SCRIPT_STATE.script;
		ev.script.good = m->SCRIPT_STATE.good;
		ev.script.timed_out = m->SCRIPT_STATE.timed_out;
		ev.script.status = m->SCRIPT_STATE.status;
	} else {
		if (m->FILE_VALUE.generation != w->g->conf->generation ||
		    m->FILE_VALUE.file >= w->g->conf->files.n)
			return;
		ev.kind = VRRP_EV_FILE;
		ev.id = m->FILE_VALUE.file;
		ev.value = m->FILE_VALUE.value;
	}
	driver_event(w, &ev);
}

static void runner_readable(void *ctx)
{
	struct vrrp_worker *w = ctx;
	struct message m;
	int r;

	while ((r = channel_receive(&w->runner, &m)) == 1)
		runner_message(w, &m);
	if (r == -ECONNRESET) { /* the supervisor will send a new one */
		w->runner_watch = loop_fd_free(w->runner_watch);
		close(w->runner.fd);
		w->runner.fd = -1;
	}
}

static void runner_attach(struct vrrp_worker *w, int fd)
{
	w->runner_watch = loop_fd_free(w->runner_watch);
	if (w->runner.fd >= 0)
		close(w->runner.fd);
	w->runner = (struct channel){.fd = fd, .self = PROC_VRRP, .peer = PROC_RUNNER};
	w->runner_watch = loop_fd_add(w->loop, fd, runner_readable, w);
	ask_snapshot(w);
	report_outbox_send(w);
}

static void supervisor_message(struct vrrp_worker *w, struct message *m)
{
	if (m->kind == MSG_CONFIG_VRRP) {
		configure(w, m);
	} else if (m->kind == MSG_PEER_VRRP && m->fds[0] >= 0) {
		(m->PEER_VRRP.process == PROC_LVS ? sync_attach : runner_attach)(w, m->fds[0]);
		m->fds[0] = -1;
	} else if (m->kind == MSG_STOP_VRRP) {
		stop(w);
	} else if (m->kind == MSG_DUMP_VRRP && m->DUMP_VRRP.kind == DUMP_STATS_CLEAR && w->g) {
		report_counters_clear(w->g);
	}
	for (unsigned i = 0; i < MSG_FDS_MAX; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
}

static void supervisor_readable(void *ctx)
{
	struct vrrp_worker *w = ctx;
	struct message m;
	int r;

	while (w->supervisor.fd >= 0 && (r = channel_receive(&w->supervisor, &m)) != 0) {
		if (r == 1)
			supervisor_message(w, &m);
		else if (r == -ECONNRESET) {
			log_err("the supervisor is gone, stopping");
			w->supervisor_watch = loop_fd_free(w->supervisor_watch);
			close(w->supervisor.fd);
			w->supervisor.fd = -1;
			stop(w);
		}
	}
}

/* ---- main ---- */

static void signals(struct vrrp_worker *w)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the supervisor hears it and tells us */
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	loop_signal_add(w->loop, SIGTERM, terminate, w);
}

int vrrp_worker_main(int channel_fd)
{
	struct vrrp_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return 1;
	w->loop = loop_new();
	w->work_tail = &w->work_head;
	w->pace_at = USEC_NEVER;
	w->frame_fd = -1;
	w->runner.fd = -1;
	w->lvs.fd = -1;
	w->ring = vrrp_rx_ring_new(PACKET_MAX);
	w->outbox = calloc(OUTBOX_MAX, sizeof(*w->outbox));
	w->timer = loop_timer_new(w->loop, deadline, w);
	w->heartbeat = loop_timer_new(w->loop, heartbeat, w);
	w->pacer = loop_timer_new(w->loop, addresses_paced, w);
	w->outbox_timer = loop_timer_new(w->loop, report_outbox_send, w);
	w->supervisor = (struct channel){.fd = channel_fd, .self = PROC_VRRP, .peer = PROC_SUPERVISOR};
	loop_gather(w->loop, GATHER);
	signals(w);
	w->supervisor_watch = loop_fd_add(w->loop, channel_fd, supervisor_readable, w);
	loop_run(w->loop);
	return 0;
}
