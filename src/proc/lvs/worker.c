/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of the lvs process: messages of the supervisor (configuration, channels, stop) and of
 * those who tell it verdicts and states, the heartbeat, the end. It opens no network connection and
 * executes nothing.
 *
 * After a crash of its predecessor it starts from the board, asks everybody for their verdicts, and
 * touches the kernel when they have answered: nothing healthy is taken out meanwhile.
 */
#include "proc/lvs/worker.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "io/memory.h"
#include "proc/handed.h"
#include "proc/lvs/internal.h"

#define HEARTBEAT USEC_PER_SEC
#define TELL_LIMIT USEC_PER_SEC /* at a stop, for the runner to take the last notifications */
#define ANSWER_LIMIT (3 * USEC_PER_SEC) /* after a crash, for those who tell the verdicts */

static void on_peer(void *ctx);

struct channel *worker_channel(struct lvs_worker *w, unsigned peer)
{
	return &w->peers[peer].channel;
}

/* ---- asking ---- */

static void ask(struct lvs_worker *w, unsigned peer)
{
	const struct msg_snapshot m = {.generation = w->generation};
	static const enum message_kind kinds[] = {[PEER_RUNNER] = MSG_SNAPSHOT_RUNNER,
						  [PEER_VRRP] = MSG_SNAPSHOT_VRRP,
						  [PEER_CHECK_FIRST] = MSG_SNAPSHOT_CHECK};
	struct peer *p = &w->peers[peer];

	p->complete = false;
	p->ask_again = false;
	if (p->channel.fd < 0 || !w->conf)
		return;
	suspend_tell(w, peer);
	p->ask_again =
		channel_send(&p->channel, kinds[peer < PEER_CHECK_FIRST ? peer : PEER_CHECK_FIRST],
			     &m, NULL, 0) == -EAGAIN;
}

/* What did not fit into a channel before. */
static void say_again(struct lvs_worker *w)
{
	for (unsigned p = 0; p < PEERS; p++)
		if (w->peers[p].ask_again)
			ask(w, p);
	suspend_tell_rest(w);
}

static bool everybody_has_answered(const struct lvs_worker *w)
{
	if (!w->peers[PEER_RUNNER].complete)
		return false;
	for (unsigned i = 0; i < w->n_checks; i++)
		if (!w->peers[PEER_CHECK_FIRST + i].complete)
			return false;
	return true;
}

static void note_answer(struct lvs_worker *w, unsigned peer, uint32_t generation)
{
	if (generation != w->generation)
		return;
	w->peers[peer].complete = true;
	w->board_dirty = true; /* reasons of verdicts that changed nothing */
	if (peer == PEER_RUNNER)
		suspend_tell(w, peer);
	if (w->wait_until != USEC_NEVER && everybody_has_answered(w))
		w->wait_until = loop_now(w->loop);
}

/* ---- configuration ---- */

static void write_header(struct lvs_worker *w)
{
	struct board_header *h = w->board.header;

	atomic_store(&h->pid, (int32_t)getpid());
	atomic_store(&h->heartbeat, clock_monotonic());
	if (!atomic_load(&h->started))
		atomic_store(&h->started, clock_monotonic());
	str_copy(h->engine, sizeof(h->engine), w->ops ? w->ops->name : "");
}

static void give_up_privileges(void)
{
	static const int keep[] = {CAP_NET_ADMIN};
	int r = privileges_keep(keep, ARRAY_SIZE(keep), true);

	if (r < 0)
		log_warning("can't give up privileges: %s", strerror(-r));
}

/* What the board of a predecessor that died says, by the names of the servers. */
static bool past_quorum(void *ctx, const struct conf_virtual_server *vs, bool *ret_up)
{
	const struct board *board = ctx;
	struct board_service b;
	char name[LVS_NAME_MAX];

	if (!board_read(&board->services[vs->id], &b, sizeof(b)) ||
	    !str_eq(b.name, lvs_service_name(vs, name)))
		return false;
	*ret_up = b.up;
	return true;
}

static bool past_panic(void *ctx, const struct conf_virtual_server *vs)
{
	const struct board *board = ctx;
	struct board_service b;

	return board_read(&board->services[vs->id], &b, sizeof(b)) && b.panic;
}

static bool past_server(void *ctx, const struct conf_real_server *rs, bool *ret_up)
{
	const struct board *board = ctx;
	struct board_server b;

	if (!board_read(&board->servers[rs->id], &b, sizeof(b)) || b.name[0] == '\0')
		return false;
	*ret_up = b.up;
	return true;
}

static usec_t past_quorum_since(void *ctx, const struct conf_virtual_server *vs)
{
	const struct board *board = ctx;
	struct board_service b;

	return board_read(&board->services[vs->id], &b, sizeof(b)) ? b.since : 0;
}

static usec_t past_server_since(void *ctx, const struct conf_real_server *rs)
{
	const struct board *board = ctx;
	struct board_server b;

	return board_read(&board->servers[rs->id], &b, sizeof(b)) ? b.since : 0;
}

/* As long as no process runs sessions, a BFD_CHECK holds no server back: neither one with alpha nor,
 * after a crash, one that was down for another reason. */
static void pass_over_sessions(struct lvs_worker *w)
{
	const struct lvs_verdict absent = {.absent = true, .reason = "no process runs sessions yet"};

	for (uint32_t i = 0; i < w->conf->checkers.n; i++)
		if (w->conf->checkers.v[i]->kind == CHECK_BFD)
			lvs_set_verdict(w->lvs, i, &absent, loop_now(w->loop));
}

static void build(struct lvs_worker *w, const struct msg_config *c)
{
	const struct lvs_past past = {
		.ctx = &w->board,
		.quorum = past_quorum,
		.panic = past_panic,
		.server = past_server,
		.quorum_since = past_quorum_since,
		.server_since = past_server_since,
	};
	struct lvs *old = w->lvs;

	w->lvs = lvs_new(w->conf, w->arena, old, c->adopt ? &past : NULL, loop_now(w->loop));
	pass_over_sessions(w);
	kernel_doubt(w);
	if (c->adopt)
		w->wait_until = loop_now(w->loop) + ANSWER_LIMIT;
}

static void take(struct lvs_worker *w, const struct msg_config *c, struct conf_loaded *l,
		 const struct board *board)
{
	struct arena *old = w->arena;
	struct board old_board = w->board;

	if (w->conf)
		kernel_claim(w, w->conf);
	w->arena = l->arena;
	w->conf = l->conf;
	w->generation = c->generation;
	w->dont_release = c->dont_release_ipvs;
	w->n_checks = c->n_shares;
	w->board = *board;
	w->failed = arena_alloc(w->arena, l->conf->real_servers.n * sizeof(*w->failed));
	if (old_board.header)
		board_event_carry(&w->board, &old_board);
	write_header(w);
	build(w, c);
	suspend_configure(w);
	if (c->first && w->conf->global.lvs_flush && w->ops->flush)
		(void)w->ops->flush(w->engine);
	sync_configure(w);
	forwarding_configure(w);
	kernel_update(w);
	report_everything(w);
	board_unmap(&old_board);
	arena_free(old);
	memory_trim();
	handed_ready(&w->supervisor, MSG_READY_LVS, c->generation, 0, "");
	for (unsigned p = 0; p < PEERS; p++)
		ask(w, p);
}

static bool fits(const struct board *board, const struct conf *conf)
{
	return board->header->shape.services == conf->virtual_servers.n &&
	       board->header->shape.servers == conf->real_servers.n;
}

static void configure(struct lvs_worker *w, const struct msg_config *c, const int fds[MSG_FDS_MAX])
{
	static const struct conf_load_options sealed = {.tree = {.literal = true}};
	const struct conf_host nobody = {0};
	struct conf_loaded l;
	struct board board;
	bool first = !w->conf;
	int r;

	handed_open_log(c, "Keepalived_healthcheckers");
	l = handed_load(c, fds[0], &nobody, &sealed);
	if (!l.arena) {
		handed_ready(&w->supervisor, MSG_READY_LVS, c->generation,
			     -EINVAL, "the configuration can't be read back");
		return;
	}
	if (c->engine == ENGINE_NFTABLES)
		l.conf->global.nftables_ipvs = NULL; /* groups need no marks there */
	if (board_map(fds[1], true, &board) < 0 || !fits(&board, l.conf)) {
		arena_free(l.arena);
		handed_ready(&w->supervisor, MSG_READY_LVS, c->generation,
			     -EPROTO, "the board does not fit the configuration");
		return;
	}
	if (first)
		handed_schedule_checker(&l.conf->global.checker_sched);
	r = kernel_open(w, c->engine, l.conf, &board);
	if (r < 0) {
		arena_free(l.arena);
		board_unmap(&board);
		handed_ready(&w->supervisor, MSG_READY_LVS, c->generation,
			     r == -EPERM ? r : -ENODEV,
			     r == -EPERM ? "no permission to change virtual servers (NET_ADMIN)"
					 : "the engine can't be used");
		return;
	}
	if (first)
		give_up_privileges();
	take(w, c, &l, &board);
}

/* ---- messages of the other workers ---- */

static void close_peer(struct peer *p)
{
	p->watch = loop_fd_free(p->watch);
	if (p->channel.fd >= 0)
		close(p->channel.fd);
	p->channel.fd = -1;
}

static void hear_verdict(struct lvs_worker *w, const struct msg_verdict *m)
{
	struct lvs_verdict v = {
		.up = m->up,
		.drain = m->drain,
		.absent = m->absent,
		.has_percent = m->has_percent,
		.percent = m->percent,
		.contribution = m->contribution,
	};

	if (m->generation != w->generation || !w->lvs)
		return;
	memcpy(v.reason, m->reason, sizeof(v.reason) - 1);
	lvs_set_verdict(w->lvs, m->checker, &v, loop_now(w->loop));
}

static void hear(struct lvs_worker *w, unsigned peer, const struct message *m)
{
	if (m->kind == MSG_VERDICT_CHECK)
		hear_verdict(w, &m->VERDICT_CHECK);
	else if (m->kind == MSG_VERDICT_RUNNER)
		hear_verdict(w, &m->VERDICT_RUNNER);
	else if (m->kind == MSG_FILE_VALUE_LVS && m->FILE_VALUE_LVS.generation == w->generation)
		lvs_set_file(w->lvs, m->FILE_VALUE_LVS.file, m->FILE_VALUE_LVS.value,
			     loop_now(w->loop));
	else if (m->kind == MSG_INSTANCE_STATE)
		sync_instance_state(w, &m->INSTANCE_STATE);
	else if (m->kind == MSG_SNAPSHOT_END_RUNNER)
		note_answer(w, peer, m->SNAPSHOT_END_RUNNER.generation);
	else if (m->kind == MSG_SNAPSHOT_END_CHECK)
		note_answer(w, peer, m->SNAPSHOT_END_CHECK.generation);
}

/* Everything that is there is heard before the kernel is touched: a hundred verdicts are one step. */
static void on_peer(void *ctx)
{
	struct peer *p = ctx;
	struct lvs_worker *w = p->w;
	struct message m;
	int e;

	while (p->channel.fd >= 0 && (e = channel_receive(&p->channel, &m)) != 0) {
		if (e == -ECONNRESET)
			close_peer(p);
		else if (e < 0)
			log_err("message from the %s worker breaks the table, dropped",
				process_name(p->channel.peer));
		else if (w->lvs && !w->stopping)
			hear(w, (unsigned)(p - w->peers), &m);
	}
	if (w->lvs && !w->stopping)
		kernel_update(w);
}

static void meet(struct lvs_worker *w, const struct msg_peer *m, int fd)
{
	unsigned peer = m->process == PROC_RUNNER ? PEER_RUNNER
			: m->process == PROC_VRRP ? PEER_VRRP
						  : PEER_CHECK_FIRST + m->index;
	struct peer *p;

	if (peer >= PEERS || fd < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	p = &w->peers[peer];
	if (p->channel.fd >= 0)
		on_peer(p); /* what a dead one said last still counts */
	close_peer(p);
	p->channel = (struct channel){.fd = fd, .self = PROC_LVS, .peer = m->process};
	p->watch = loop_fd_add(w->loop, fd, on_peer, p);
	ask(w, peer);
	if (peer == PEER_RUNNER)
		(void)report_held(w);
}

/* ---- the supervisor ---- */

static void finish(struct lvs_worker *w)
{
	const struct msg_stopped m = {0};

	if (w->supervisor.fd >= 0)
		(void)channel_send(&w->supervisor, MSG_STOPPED_LVS, &m, NULL, 0);
	loop_quit(w->loop);
}

static void on_outbox(void *ctx)
{
	struct lvs_worker *w = ctx;

	if ((report_held(w) || loop_now(w->loop) >= w->stop_at) && w->stopping)
		finish(w);
}

static void stop(struct lvs_worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	if (w->engine)
		sync_stop(w);
	kernel_stop(w);
	w->stop_at = clock_monotonic() + TELL_LIMIT;
	if (report_held(w))
		finish(w);
}

static void obey(struct lvs_worker *w, struct message *m)
{
	if (m->kind == MSG_CONFIG_LVS) {
		configure(w, &m->CONFIG_LVS, m->fds);
	} else if (m->kind == MSG_PEER_LVS) {
		meet(w, &m->PEER_LVS, m->fds[0]);
		m->fds[0] = -1;
	} else if (m->kind == MSG_STOP_LVS) {
		stop(w);
	}
	for (unsigned i = 0; i < MSG_FDS_MAX; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
}

static void on_supervisor(void *ctx)
{
	struct lvs_worker *w = ctx;
	struct message m;
	int e;

	while (w->supervisor.fd >= 0 && (e = channel_receive(&w->supervisor, &m)) != 0) {
		if (e > 0) {
			obey(w, &m);
		} else if (e == -ECONNRESET) {
			/* What the kernel has goes on serving, and the next daemon adopts it. */
			log_err("the supervisor is gone, ending; the virtual servers stay");
			loop_quit(w->loop);
			return;
		} else {
			log_err("message from the supervisor breaks the table, dropped");
		}
	}
}

/* ---- timers and signals ---- */

static void on_due(void *ctx)
{
	struct lvs_worker *w = ctx;
	usec_t now = loop_now(w->loop);

	if (!w->lvs || w->stopping)
		return;
	if (lvs_deadline(w->lvs) <= now) {
		lvs_tick(w->lvs, now);
		w->board_dirty = true; /* ramps make no events */
	}
	kernel_update(w);
}

static void on_beat(void *ctx)
{
	struct lvs_worker *w = ctx;

	if (w->conf && !w->stopping) {
		write_header(w);
		say_again(w);
		kernel_guard(w);
		forwarding_look(w);
		sync_retry(w);
		if (w->board_dirty)
			report_slowly(w);
		else
			census_take(w);
	}
	loop_timer_set(w->beat, loop_now(w->loop) + HEARTBEAT);
}

static void ignore(void *ctx, int signo)
{
}

static void catch_signals(struct lvs_worker *w)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		loop_signal_add(w->loop, ignored[i], ignore, w);
}

static void init(struct lvs_worker *w, int channel_fd)
{
	*w = (struct lvs_worker){
		.supervisor = {channel_fd, PROC_LVS, PROC_SUPERVISOR},
		.wait_until = USEC_NEVER,
		.retry_at = USEC_NEVER,
		.stop_at = USEC_NEVER,
	};
	for (unsigned p = 0; p < PEERS; p++)
		w->peers[p] = (struct peer){.w = w, .channel = {.fd = -1}};
	w->loop = loop_new();
	w->beat = loop_timer_new(w->loop, on_beat, w);
	w->due = loop_timer_new(w->loop, on_due, w);
	w->outbox = loop_timer_new(w->loop, on_outbox, w);
	w->scratch = arena_new();
	catch_signals(w);
	w->supervisor_watch = loop_fd_add(w->loop, channel_fd, on_supervisor, w);
	loop_timer_set(w->beat, clock_monotonic() + HEARTBEAT);
}

int lvs_worker_main(int channel_fd)
{
	struct lvs_worker w;

	init(&w, channel_fd);
	loop_run(w.loop);
	suspend_close(&w);
	kernel_close(&w);
	if (w.conf) {
		atomic_store(&w.board.header->pid, 0);
		board_unmap(&w.board);
	}
	for (unsigned p = 0; p < PEERS; p++)
		close_peer(&w.peers[p]);
	report_close(&w);
	loop_fd_free(w.supervisor_watch);
	loop_timer_free(w.outbox);
	loop_timer_free(w.due);
	loop_timer_free(w.beat);
	loop_free(w.loop);
	arena_free(w.arena);
	return 0;
}
