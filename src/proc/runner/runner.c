/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the runner: messages of the supervisor (configuration, channels to vrrp and lvs, stop)
 * and of those two (snapshot wanted, notifications), the heartbeat, the end. Everything it executes is a number
 * of the configuration that the supervisor handed out; nobody can send it a path.
 *
 * A new configuration reaches vrrp first. So notifications may come that belong to a generation
 * that has not arrived here yet: they are held until it does; what belongs to an older one is
 * dropped, but everything vrrp has said is read before a configuration is taken.
 */
#include "proc/runner/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/child.h"
#include "io/memory.h"
#include "io/host.h"
#include "proc/handed.h"
#include "proc/runner/internal.h"
#include "proc/runner/mail.h"
#include "proc/runner/webhook.h"

#define HEARTBEAT USEC_PER_SEC
#define STOP_LIMIT USEC_PER_SEC		/* of stop scripts */
#define END_LIMIT (300 * USEC_PER_MSEC) /* from TERM to KILL, at least */
#define END_POLL (10 * USEC_PER_MSEC)
#define ORPHAN_LIMIT (6 * USEC_PER_SEC) /* for vrrp to hand over when the supervisor is gone */
#define HELD_MAX 65536

#define PREVIOUS_KEPT (10 * USEC_PER_SEC) /* after a reload, for what lvs says of servers gone */

static void on_vrrp(void *ctx);
static void on_lvs(void *ctx);

static void send_to(struct follower *f, enum message_kind kind, const void *body)
{
	if (f->channel.fd < 0 || f->wanted != f->r->generation)
		return;
	if (channel_send(&f->channel, kind, body, NULL, 0) == -EAGAIN)
		f->resend = true;
}

void runner_send(struct runner *r, enum message_kind kind, const void *body)
{
	send_to(&r->vrrp, kind, body);
}

void runner_send_lvs(struct runner *r, enum message_kind kind, const void *body)
{
	send_to(&r->lvs, kind, body);
}

static void tell_vrrp(struct runner *r)
{
	r->vrrp.resend = false;
	if (!r->conf || r->vrrp.wanted != r->generation)
		return;
	scripts_send_all(r->scripts);
	files_send_all(r->files, false);
}

static void tell_lvs(struct runner *r)
{
	const struct msg_snapshot_end end = {.generation = r->generation};

	r->lvs.resend = false;
	if (!r->conf || r->lvs.wanted != r->generation)
		return;
	miscs_send_all(r->miscs);
	files_send_all(r->files, true);
	runner_send_lvs(r, MSG_SNAPSHOT_END_RUNNER, &end);
}

/* ---- notifications ---- */

static void hold(struct runner *r, const struct msg_notify *m)
{
	if (r->held.n == r->held.cap) {
		unsigned cap = r->held.cap ? 2 * r->held.cap : 64;
		struct msg_notify *v =
			cap <= HELD_MAX ? realloc(r->held.v, cap * sizeof(*v)) : NULL;

		if (!v) {
			log_err("too many notifications of a configuration that does not come: "
				"dropped");
			return;
		}
		r->held.v = v;
		r->held.cap = cap;
	}
	r->held.v[r->held.n++] = *m;
}

static void notify(struct runner *r, const struct msg_notify *m)
{
	if (r->conf && m->generation == r->generation)
		notifier_event(r->notifier, m);
	else if (!r->conf || m->generation > r->generation)
		hold(r, m);
	else
		log_debug("notification of generation %u dropped, %u is in force", m->generation,
			  r->generation);
}

static void release_held(struct runner *r)
{
	unsigned n = r->held.n;
	struct msg_notify *v = r->held.v;

	r->held.v = NULL;
	r->held.n = r->held.cap = 0;
	for (unsigned i = 0; i < n; i++)
		notify(r, &v[i]);
	free(v);
}

/* ---- configuration ---- */

static void write_header(struct runner *r)
{
	struct board_header *h = r->board.header;

	atomic_store(&h->pid, (int32_t)getpid());
	atomic_store(&h->heartbeat, clock_monotonic());
}

/* Judged again: only this process may run scripts, so it asks itself whether they are safe. */
static struct conf_loaded load(const struct msg_config *c, int text_fd)
{
	const struct conf_load_options options = {
		.judge = true, .tree = {.literal = true}, .skip_services = c->no_services};
	struct conf_loaded l;
	struct conf_host host;

	host_init(&host, NULL);
	host.interface = NULL;
	host.addresses = NULL;
	l = handed_load(c, text_fd, &host, &options);
	host_done(&host);
	return l;
}

static void forget_previous(struct runner *r)
{
	r->previous_arena = arena_free(r->previous_arena);
	r->previous = NULL;
	r->previous_until = USEC_NEVER;
}

static void keep_previous(struct runner *r, struct arena *arena, const struct conf *conf)
{
	forget_previous(r);
	if (!conf || conf->virtual_servers.n == 0) {
		arena_free(arena);
		return;
	}
	r->previous_arena = arena;
	r->previous = conf;
	r->previous_until = loop_now(r->loop) + PREVIOUS_KEPT;
}

static void take(struct runner *r, const struct msg_config *c, struct conf_loaded *l,
		 const struct board *board)
{
	struct arena *old = r->arena;
	const struct conf *old_conf = r->conf;
	struct board old_board = r->board;

	r->first_configuration = !old_conf && !c->adopt;
	r->arena = l->arena;
	r->conf = l->conf;
	r->generation = c->generation;
	r->board = *board;
	if (!atomic_load(&r->board.header->started))
		atomic_store(&r->board.header->started, clock_monotonic());
	write_header(r);
	fifos_configure(r->fifos);
	notifier_configure(r->notifier);
	scripts_configure(r->scripts);
	miscs_configure(r->miscs, c->adopt);
	files_configure(r->files);
	mail_configure(r->mail);
	webhook_configure(r->webhook);
	if (old_board.header)
		board_event_carry(&r->board, &old_board);
	board_unmap(&old_board);
	keep_previous(r, old, old_conf);
	memory_trim();
	handed_ready(&r->supervisor, MSG_READY_RUNNER, c->generation, 0, "");
	release_held(r);
	tell_vrrp(r);
	tell_lvs(r);
}

static void configure(struct runner *r, const struct msg_config *c, const int fds[MSG_FDS_MAX])
{
	struct conf_loaded l;
	struct board board;

	handed_open_log(c, "Keepalived_runner");
	on_vrrp(r);
	on_lvs(r);
	l = load(c, fds[0]);
	if (!l.arena) {
		handed_ready(&r->supervisor, MSG_READY_RUNNER, c->generation,
			     -EINVAL, "the configuration can't be read back");
		return;
	}
	if (board_map(fds[1], true, &board) < 0 ||
	    board.header->shape.scripts != l.conf->scripts.n ||
	    board.header->shape.files != l.conf->files.n) {
		arena_free(l.arena);
		handed_ready(&r->supervisor, MSG_READY_RUNNER, c->generation,
			     -EPROTO, "the board does not fit the configuration");
		return;
	}
	take(r, c, &l, &board);
}

/* ---- stop ---- */

static void finish(struct runner *r)
{
	const struct msg_stopped m = {0};

	if (r->supervisor.fd >= 0)
		(void)channel_send(&r->supervisor, MSG_STOPPED_RUNNER, &m, NULL, 0);
	loop_quit(r->loop);
}

/* Process groups that still have somebody in them get the signal; how many do. */
static unsigned signal_groups(const struct runner *r, int signo)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_ending; i++)
		n += child_kill(r->ending[i], signo) == 0;
	return n;
}

static void check_ended(struct runner *r, usec_t now)
{
	unsigned left = signal_groups(r, 0);

	if (left > 0 && now < r->stop_at) {
		loop_timer_set(r->beat, usec_min(now + END_POLL, r->stop_at));
		return;
	}
	if (left > 0) {
		log_warning("%u scripts did not end when told to: killed", left);
		(void)signal_groups(r, SIGKILL);
	}
	finish(r);
}

/* No script has anything to do any more: what runs is told to end, and killed if it does not. */
static void end(struct runner *r)
{
	usec_t now = clock_monotonic();

	if (r->is_ending)
		return;
	r->is_ending = true;
	r->n_ending = children_groups(&r->children, &r->ending);
	r->stop_at = usec_max(r->stop_at, now + END_LIMIT);
	r->abandoned = true;
	fifos_close(r->fifos);
	(void)signal_groups(r, SIGTERM);
	check_ended(r, now);
}

void runner_check_stopped(struct runner *r)
{
	if (r->stopping && r->busy == 0 && mail_is_idle(r->mail) && webhook_is_idle(r->webhook))
		end(r);
}

static void stop(struct runner *r)
{
	if (r->stopping)
		return;
	on_vrrp(r); /* their STOP notifications came before our order */
	on_lvs(r);
	if (r->stopping)
		return;
	r->stopping = true;
	r->stop_at = clock_monotonic() + STOP_LIMIT;
	loop_timer_set(r->beat, r->stop_at);
	scripts_stop(r->scripts);
	miscs_stop(r->miscs);
	runner_check_stopped(r);
}

static void on_beat(void *ctx)
{
	struct runner *r = ctx;
	usec_t now = loop_now(r->loop);

	if (r->orphaned && !r->stopping && now >= r->stop_at)
		stop(r);
	if (r->is_ending) {
		check_ended(r, now);
		return;
	}
	if (r->stopping && now >= r->stop_at) {
		log_warning("stop scripts take too long, ended");
		end(r);
		return;
	}
	if (r->conf)
		write_header(r);
	if (r->vrrp.resend)
		tell_vrrp(r);
	if (r->lvs.resend)
		tell_lvs(r);
	if (r->previous && now >= r->previous_until)
		forget_previous(r);
	loop_timer_set(r->beat, r->stopping ? r->stop_at : now + HEARTBEAT);
}

/* The supervisor is gone. vrrp hands over and tells its stops; then it is our turn. */
static void orphaned(struct runner *r)
{
	log_err("the supervisor is gone, stopping");
	r->supervisor_watch = loop_fd_free(r->supervisor_watch);
	close(r->supervisor.fd);
	r->supervisor.fd = -1;
	r->orphaned = true;
	r->stop_at = clock_monotonic() + ORPHAN_LIMIT;
	if (r->vrrp.channel.fd < 0)
		stop(r);
}

/* ---- messages ---- */

static void close_follower(struct follower *f)
{
	f->watch = loop_fd_free(f->watch);
	if (f->channel.fd >= 0)
		close(f->channel.fd);
	f->channel.fd = -1;
	f->wanted = 0;
}

static void close_vrrp(struct runner *r)
{
	close_follower(&r->vrrp);
	if (r->orphaned)
		stop(r);
}

static void on_vrrp(void *ctx)
{
	struct runner *r = ctx;
	struct message m;
	int e;

	while (r->vrrp.channel.fd >= 0 && (e = channel_receive(&r->vrrp.channel, &m)) != 0) {
		if (e == -ECONNRESET) {
			close_vrrp(r);
		} else if (e < 0) {
			log_err("message from the vrrp worker breaks the table, dropped");
		} else if (m.kind == MSG_NOTIFY) {
			notify(r, &m.NOTIFY);
		} else if (m.kind == MSG_SNAPSHOT) {
			r->vrrp.wanted = m.SNAPSHOT.generation;
			tell_vrrp(r);
		}
	}
}

static void hear_lvs(struct runner *r, const struct message *m)
{
	if (m->kind == MSG_NOTIFY_LVS && r->conf) {
		lvs_notifier_event(r->lvs_notifier, &m->NOTIFY_LVS);
	} else if (m->kind == MSG_SNAPSHOT_RUNNER) {
		r->lvs.wanted = m->SNAPSHOT_RUNNER.generation;
		tell_lvs(r);
	} else if (m->kind == MSG_SUSPEND_RUNNER && r->conf &&
		   m->SUSPEND_RUNNER.generation == r->generation) {
		miscs_suspend(r->miscs, m->SUSPEND_RUNNER.vs, m->SUSPEND_RUNNER.suspended);
	}
}

static void on_lvs(void *ctx)
{
	struct runner *r = ctx;
	struct message m;
	int e;

	while (r->lvs.channel.fd >= 0 && (e = channel_receive(&r->lvs.channel, &m)) != 0) {
		if (e == -ECONNRESET)
			close_follower(&r->lvs);
		else if (e < 0)
			log_err("message from the lvs worker breaks the table, dropped");
		else
			hear_lvs(r, &m);
	}
}

/* What a dead one said last still counts. */
static void meet(struct runner *r, uint8_t process, int fd)
{
	bool is_lvs = process == PROC_LVS;
	struct follower *f = is_lvs ? &r->lvs : &r->vrrp;
	void (*heard)(void *ctx) = is_lvs ? on_lvs : on_vrrp;

	if (fd < 0)
		return;
	heard(r);
	if (is_lvs)
		close_follower(f);
	else
		close_vrrp(r);
	f->channel = (struct channel){.fd = fd, .self = PROC_RUNNER, .peer = process};
	f->watch = loop_fd_add(r->loop, fd, heard, r);
}

/* This process writes them on its own board, as the supervisor has none. */
static void worker_news(struct runner *r, const struct msg_worker_news *m)
{
	struct board_event e = {.at = m->at, .wall = m->wall, .is_worker = true, .worker_news = m->event};

	if (!r->conf)
		return;
	process_label(m->process, m->index, e.name);
	str_copy(e.text, sizeof(e.text), m->text);
	board_event_add(&r->board, &e);
	mail_worker(r->mail, m, e.name);
	webhook_worker(r->webhook, m, e.name);
}

static void obey(struct runner *r, struct message *m)
{
	if (m->kind == MSG_CONFIG_RUNNER) {
		configure(r, &m->CONFIG_RUNNER, m->fds);
	} else if (m->kind == MSG_PEER_RUNNER) {
		meet(r, m->PEER_RUNNER.process, m->fds[0]);
		m->fds[0] = -1;
	} else if (m->kind == MSG_WORKER_NEWS) {
		worker_news(r, &m->WORKER_NEWS);
	} else if (m->kind == MSG_STOP_RUNNER) {
		stop(r);
	}
	for (unsigned i = 0; i < MSG_FDS_MAX; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
}

static void on_supervisor(void *ctx)
{
	struct runner *r = ctx;
	struct message m;
	int e;

	while (r->supervisor.fd >= 0 && (e = channel_receive(&r->supervisor, &m)) != 0) {
		if (e > 0) {
			obey(r, &m);
		} else if (e == -ECONNRESET) {
			orphaned(r);
		} else {
			log_err("message from the supervisor breaks the table, dropped");
		}
	}
}

static void on_child(void *ctx, int signo)
{
	struct runner *r = ctx;

	children_reap(&r->children);
}

/* The kernel says TERM when the supervisor dies; its channel tells the same, with what came before.
 */
static void ignore(void *ctx, int signo)
{
}

static void catch_signals(struct runner *r)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	signal(SIGPIPE, SIG_IGN);
	loop_signal_add(r->loop, SIGCHLD, on_child, r);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		loop_signal_add(r->loop, ignored[i], ignore, r);
}

int runner_worker_main(int channel_fd)
{
	struct runner r = {.supervisor = {channel_fd, PROC_RUNNER, PROC_SUPERVISOR},
			   .vrrp = {.r = &r, .channel = {.fd = -1}},
			   .lvs = {.r = &r, .channel = {.fd = -1}},
			   .previous_until = USEC_NEVER};

	r.loop = loop_new();
	r.beat = loop_timer_new(r.loop, on_beat, &r);
	r.scripts = scripts_new(&r);
	r.files = files_new(&r);
	r.notifier = notifier_new(&r);
	r.lvs_notifier = lvs_notifier_new(&r);
	r.miscs = miscs_new(&r);
	r.mail = mail_new(&r);
	r.webhook = webhook_new(&r);
	r.fifos = fifos_new(&r);
	catch_signals(&r);
	r.supervisor_watch = loop_fd_add(r.loop, channel_fd, on_supervisor, &r);
	loop_timer_set(r.beat, clock_monotonic() + HEARTBEAT);
	loop_run(r.loop);
	scripts_free(r.scripts);
	files_free(r.files);
	fifos_free(r.fifos);
	notifier_free(r.notifier);
	lvs_notifier_free(r.lvs_notifier);
	miscs_free(r.miscs);
	mail_free(r.mail);
	webhook_free(r.webhook);
	if (r.conf) {
		atomic_store(&r.board.header->pid, 0);
		board_unmap(&r.board);
	}
	close_vrrp(&r);
	close_follower(&r.lvs);
	forget_previous(&r);
	loop_fd_free(r.supervisor_watch);
	loop_timer_free(r.beat);
	loop_free(r.loop);
	free(r.held.v);
	free(r.ending);
	arena_free(r.arena);
	return 0;
}
