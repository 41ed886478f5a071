/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to virtual and real servers, told: in the log (in keepalived's words, which people
 * look for), on the board, and to the runner, whose scripts, FIFOs, mails and webhooks want to know.
 * What a runner that is away does not hear is kept for its successor.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/check/key.h"
#include "proc/lvs/internal.h"

#define HELD_MAX 65536
#define HELD_RETRY (10 * USEC_PER_MSEC)
#define PIECE 32 /* records */

/* ---- log ---- */

static void quorum_sentence(const struct lvs_event *e, struct buf *b)
{
	bool up = e->kind == LVS_QUORUM_UP;
	bool upper = up || e->initial; /* a quorum that is down has to reach the upper bound */
	int64_t bound = (int64_t)e->quorum + (upper ? 1 : -1) * (int64_t)e->hysteresis;

	buf_printf(b, "%s %u%c%u=%lld %s %lld for VS %s",
		   up		? "Gained quorum"
		   : e->initial ? "Starting with quorum down"
				: "Lost quorum",
		   e->quorum, upper ? '+' : '-', e->hysteresis, (long long)bound, up ? "<=" : ">",
		   (long long)e->weight, e->vs_name);
}

static bool inhibits(const struct lvs_worker *w, const struct lvs_event *e)
{
	return e->rs < w->conf->real_servers.n && w->conf->real_servers.v[e->rs]->inhibit_on_failure;
}

static void server_sentence(const struct lvs_worker *w, const struct lvs_event *e, struct buf *b)
{
	bool up = e->kind == LVS_RS_UP, inhibit = inhibits(w, e);

	if (up)
		buf_printf(b, "%s service %s %s VS %s", inhibit ? "Enabling" : "Adding", e->rs_name,
			   inhibit ? "of" : "to", e->vs_name);
	else
		buf_printf(b, "%s service %s %s VS %s", inhibit ? "Disabling" : "Removing",
			   e->rs_name, inhibit ? "of" : "from", e->vs_name);
	if (e->reason[0])
		buf_printf(b, ": %s", e->reason);
}

static void sorry_sentence(const struct lvs_worker *w, const struct lvs_event *e, struct buf *b)
{
	const struct conf_virtual_server *vs =
		e->vs < w->conf->virtual_servers.n ? w->conf->virtual_servers.v[e->vs] : NULL;
	bool on = e->kind == LVS_SORRY_ON;
	char name[LVS_NAME_MAX];

	buf_printf(b, "%s sorry server ", on ? "Adding" : "Removing");
	if (vs && vs->sorry) {
		struct conf_real_server as_server = {.addr = vs->sorry->addr,
						     .port = vs->sorry->port};

		buf_printf(b, "%s ", lvs_server_name(&as_server, vs, name));
	}
	buf_printf(b, "%s VS %s", on ? "to" : "from", e->vs_name);
}

/* false: not worth a line. */
static bool sentence(const struct lvs_worker *w, const struct lvs_event *e, struct buf *b)
{
	switch ((enum lvs_event_kind)e->kind) {
	case LVS_RS_UP:
	case LVS_RS_DOWN:
		server_sentence(w, e, b);
		return !e->initial;
	case LVS_RS_WEIGHT:
		buf_printf(b, "Changing weight to %lld for %s service %s of VS %s",
			   (long long)e->weight, e->rs_up ? "active" : "inactive", e->rs_name,
			   e->vs_name);
		return true;
	case LVS_QUORUM_UP:
	case LVS_QUORUM_DOWN:
		quorum_sentence(e, b);
		return true;
	case LVS_SORRY_ON:
	case LVS_SORRY_OFF:
		sorry_sentence(w, e, b);
		return true;
	case LVS_PANIC_ON:
		buf_printf(b, "PANIC: too many servers of VS %s fail together, all of them are served",
			   e->vs_name);
		return true;
	case LVS_PANIC_OFF:
		buf_printf(b, "VS %s: few enough servers fail, only those that are up are served",
			   e->vs_name);
		return true;
	case LVS_DRAINING:
		buf_printf(b, "Draining service %s of VS %s: %s", e->rs_name, e->vs_name, e->reason);
		return true;
	case LVS_DRAINED:
		buf_printf(b, "Service %s of VS %s is drained and gone", e->rs_name, e->vs_name);
		return true;
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
		break; /* who checks has said so */
	}
	return false;
}

static enum log_level level_of(const struct lvs_event *e)
{
	switch ((enum lvs_event_kind)e->kind) {
	case LVS_RS_DOWN:
	case LVS_QUORUM_DOWN:
		return e->stopping ? LVL_INFO : LVL_WARNING;
	case LVS_PANIC_ON:
		return LVL_ERR;
	case LVS_RS_UP:
	case LVS_QUORUM_UP:
	case LVS_SORRY_ON:
	case LVS_SORRY_OFF:
	case LVS_PANIC_OFF:
		return LVL_NOTICE;
	case LVS_RS_WEIGHT:
	case LVS_DRAINING:
	case LVS_DRAINED:
	case LVS_CHECKER_UP:
	case LVS_CHECKER_DOWN:
		break;
	}
	return LVL_INFO;
}

/* ---- board ---- */

/* Which check says so. */
static void write_failed(const struct lvs_worker *w, uint32_t id, uint32_t checker)
{
	struct failed_check *written = &w->failed[id];
	struct board_server *b = &w->board.servers[id];
	struct check_key key = {0};

	if (written->written && written->checker == checker)
		return;
	*written = (struct failed_check){.written = true, .checker = checker};
	if (checker != CONF_NONE) {
		b->failed_kind = w->conf->checkers.v[checker]->kind;
		key = check_key_of(w->conf, w->conf->checkers.v[checker]);
	}
	memcpy(b->failed_share, key.share, sizeof(b->failed_share));
}

static void write_server(struct lvs_worker *w, uint32_t id)
{
	const struct conf_real_server *rs = w->conf->real_servers.v[id];
	struct lvs_server_view v = lvs_view_server(w->lvs, id);
	struct board_server *b = &w->board.servers[id];
	char name[LVS_NAME_MAX];

	lvs_server_name(rs, w->conf->virtual_servers.v[rs->vs], name);
	board_write_begin(&b->seq);
	str_copy(b->name, sizeof(b->name), name);
	b->service = rs->vs;
	b->up = v.up;
	b->in_table = v.in_table;
	b->draining = v.draining;
	b->idle = v.idle;
	b->told_to_drain = v.told_to_drain;
	b->ramping = v.ramping;
	b->method = rs->method ? rs->method->method : LVS_NAT;
	b->weight = v.weight;
	b->configured_weight = rs->weight;
	b->target = v.target;
	b->until = v.until == USEC_NEVER ? 0 : v.until;
	if (!v.draining)
		b->connections = BOARD_UNKNOWN;
	write_failed(w, id, v.failed_checker != CONF_NONE ? v.failed_checker : v.absent_checker);
	b->n_checkers = rs->checkers.n;
	b->n_failed = v.failed_checkers;
	b->n_absent = v.absent_checkers;
	b->since = v.since;
	str_copy(b->reason, sizeof(b->reason), v.reason);
	board_write_end(&b->seq);
}

static const char *scheduler_name(const struct conf_virtual_server *vs)
{
	static const char *const names[] = {
#define X(id, name, help) [LVS_SCHED_##id] = name,
		LVS_SCHEDULERS(X)
#undef X
	};

	return vs->scheduler < ARRAY_SIZE(names) && names[vs->scheduler] ? names[vs->scheduler] : "";
}

static void write_service(struct lvs_worker *w, uint32_t id)
{
	const struct conf_virtual_server *vs = w->conf->virtual_servers.v[id];
	struct lvs_service_view v = lvs_view_service(w->lvs, id);
	struct board_service *b = &w->board.services[id];
	char name[LVS_NAME_MAX];

	lvs_service_name(vs, name);
	board_write_begin(&b->seq);
	str_copy(b->name, sizeof(b->name), name);
	str_copy(b->scheduler, sizeof(b->scheduler), scheduler_name(vs));
	b->up = v.quorum_up;
	b->sorry = v.sorry;
	b->panic = v.panic;
	b->suspended = w->suspended && w->suspended[id];
	b->first_server = vs->rs.n > 0 ? vs->rs.v[0]->id : 0;
	b->n_servers = vs->rs.n;
	b->n_up = v.up;
	b->n_unchecked = v.unchecked;
	b->n_idle = v.idle;
	b->quorum = v.quorum;
	b->hysteresis = v.hysteresis;
	b->live_weight = v.live_weight;
	b->since = v.since;
	board_write_end(&b->seq);
}

void report_error(struct lvs_worker *w, uint32_t vs, int error)
{
	struct board_service *b;

	if (vs >= w->board.header->shape.services)
		return;
	b = &w->board.services[vs];
	board_write_begin(&b->seq);
	b->error = error;
	board_write_end(&b->seq);
}

static void write_servers_of(struct lvs_worker *w, uint32_t vs)
{
	const struct conf_virtual_server *c = w->conf->virtual_servers.v[vs];

	for (unsigned i = 0; i < c->rs.n; i++)
		write_server(w, c->rs.v[i]->id);
}

static void write_drain(struct lvs_worker *w, uint32_t at, uint32_t vs,
			const struct lvs_drain_view *v)
{
	struct board_drain *b = &w->board.drains[at];
	bool same = b->service == vs && str_eq(b->name, v->name);

	board_write_begin(&b->seq);
	if (!same)
		b->connections = BOARD_UNKNOWN;
	b->service = vs;
	b->until = v->until;
	str_copy(b->name, sizeof(b->name), v->name);
	board_write_end(&b->seq);
}

/* Servers that a reload removed: how many, and the first. */
static unsigned write_drains(struct lvs_worker *w)
{
	struct lvs_drain_view v;
	unsigned n = 0;

	for (uint32_t vs = 0; vs < w->conf->virtual_servers.n; vs++)
		for (unsigned i = 0; lvs_view_drain(w->lvs, vs, i, &v); i++, n++)
			if (n < w->board.header->shape.drains)
				write_drain(w, n, vs, &v);
	atomic_store(&w->board.header->drains, n);
	return n;
}

/* The next records of all; whether there are more. */
static bool write_next(struct lvs_worker *w, uint32_t at_most)
{
	uint32_t services = w->conf->virtual_servers.n, servers = w->conf->real_servers.n;

	for (; w->written < services + servers && at_most > 0; at_most--, w->written++) {
		if (w->written < services)
			write_service(w, w->written);
		else
			write_server(w, w->written - services);
	}
	return w->written < services + servers;
}

static void count_drains(struct lvs_worker *w)
{
	w->drains = write_drains(w);
	for (uint32_t i = 0; i < w->board.header->shape.servers; i++)
		w->drains += w->board.servers[i].draining;
}

void report_everything(struct lvs_worker *w)
{
	w->board_dirty = false;
	w->written = 0;
	(void)write_next(w, UINT32_MAX);
	count_drains(w);
}

static bool on_idle(void *ctx)
{
	struct lvs_worker *w = ctx;

	if (write_next(w, PIECE))
		return true;
	w->writing = false;
	count_drains(w);
	census_take(w);
	return false;
}

void report_slowly(struct lvs_worker *w)
{
	if (w->writing)
		return;
	w->writing = true;
	w->board_dirty = false;
	w->written = 0;
	loop_idle(w->loop, on_idle, w);
}

/* The records an event is about. What slowly changes besides is written with the heartbeat. */
static void write_subject(struct lvs_worker *w, const struct lvs_event *e)
{
	bool all_servers = e->kind == LVS_SORRY_ON || e->kind == LVS_SORRY_OFF ||
			   e->kind == LVS_PANIC_ON || e->kind == LVS_PANIC_OFF;

	w->board_dirty = true;
	if (e->rs < w->conf->real_servers.n)
		write_server(w, e->rs);
	else if (e->kind == LVS_DRAINING || e->kind == LVS_DRAINED)
		(void)write_drains(w);
	if (e->vs >= w->conf->virtual_servers.n)
		return;
	write_service(w, e->vs);
	if (all_servers)
		write_servers_of(w, e->vs);
}

static void add_event(struct lvs_worker *w, const struct lvs_event *e, const char *text)
{
	struct board_event b = {
		.at = loop_now(w->loop),
		.wall = clock_wall(),
		.is_service = true,
		.lvs_event = e->kind,
	};

	str_copy(b.name, sizeof(b.name), e->rs_name[0] ? e->rs_name : e->vs_name);
	str_copy(b.text, sizeof(b.text), text);
	board_event_add(&w->board, &b);
}

/* ---- the runner ---- */

static bool has_script(const struct lvs_worker *w, const struct lvs_event *e)
{
	const struct conf_real_server *rs =
		e->rs < w->conf->real_servers.n ? w->conf->real_servers.v[e->rs] : NULL;
	const struct conf_virtual_server *vs =
		e->vs < w->conf->virtual_servers.n ? w->conf->virtual_servers.v[e->vs] : NULL;

	if (e->stopping && !rs)
		return true; /* it is gone from the configuration: the runner knows */
	return (rs && (rs->notify_up || rs->notify_down)) ||
	       (vs && (vs->quorum_up || vs->quorum_down));
}

static bool somebody_listens(const struct lvs_worker *w, const struct lvs_event *e)
{
	const struct conf_global *g = &w->conf->global;

	if (e->kind == LVS_RS_UP && e->initial && !g->rs_init_notifies)
		return false;
	return g->webhook || g->notify_fifo.path || g->lvs_notify_fifo.path ||
	       (g->smtp_server && g->emails.n > 0) || has_script(w, e);
}

/* Makes room for one more at the end. */
static bool held_grow(struct lvs_worker *w)
{
	unsigned cap = w->held.cap ? 2 * w->held.cap : 64;
	struct msg_notify_lvs *v;

	if (w->held.first > w->held.cap / 2) {
		memmove(w->held.v, w->held.v + w->held.first, w->held.n * sizeof(*w->held.v));
		w->held.first = 0;
		return true;
	}
	v = cap <= HELD_MAX ? realloc(w->held.v, cap * sizeof(*v)) : NULL;
	if (!v)
		return false;
	w->held.v = v;
	w->held.cap = cap;
	return true;
}

static void hold(struct lvs_worker *w, const struct msg_notify_lvs *m)
{
	if (w->held.first + w->held.n == w->held.cap && !held_grow(w)) {
		if (!w->held.lost++)
			log_err("too many notifications wait for the runner: new ones are dropped");
		return;
	}
	w->held.v[w->held.first + w->held.n++] = *m;
}

bool report_held(struct lvs_worker *w)
{
	const struct channel *c = worker_channel(w, PEER_RUNNER);

	while (w->held.n > 0 && c->fd >= 0 &&
	       channel_send(c, MSG_NOTIFY_LVS, &w->held.v[w->held.first], NULL, 0) == 0) {
		w->held.first++;
		w->held.n--;
	}
	if (w->held.n == 0)
		w->held.first = w->held.lost = 0;
	if (w->held.n == 0 || c->fd < 0)
		return true;
	loop_timer_set(w->outbox, clock_monotonic() + HELD_RETRY);
	return false;
}

static void notify(struct lvs_worker *w, const struct lvs_event *e)
{
	const struct channel *c = worker_channel(w, PEER_RUNNER);
	struct msg_notify_lvs m = {
		.generation = w->generation,
		.event = e->kind,
		.initial = e->initial,
		.stopping = e->stopping,
		.rs_up = e->rs_up,
		.rs_changed = e->rs_changed,
		.vs = e->vs,
		.rs = e->rs,
		.checker = e->checker,
		.old_vs = e->old_vs,
		.old_rs = e->old_rs,
		.weight = e->weight,
		.quorum = e->quorum,
		.hysteresis = e->hysteresis,
	};

	str_copy(m.vs_name, sizeof(m.vs_name), e->vs_name);
	str_copy(m.rs_name, sizeof(m.rs_name), e->rs_name);
	str_copy(m.reason, sizeof(m.reason), e->reason);
	if (w->held.n == 0 && c->fd >= 0 && channel_send(c, MSG_NOTIFY_LVS, &m, NULL, 0) == 0)
		return;
	hold(w, &m);
	if (w->held.n == 1)
		loop_timer_set(w->outbox, clock_monotonic() + HELD_RETRY);
}

/* ---- */

void report_events(struct lvs_worker *w)
{
	struct lvs_event e;

	while (lvs_next_event(w->lvs, &e)) {
		char text[512];
		struct buf b = BUF_ON(text);
		bool worth = sentence(w, &e, &b);

		(void)buf_text(&b);
		if (worth) {
			log_write(level_of(&e), NULL, "%s", text);
			add_event(w, &e, text);
		}
		write_subject(w, &e);
		if (somebody_listens(w, &e))
			notify(w, &e);
	}
}

void report_close(struct lvs_worker *w)
{
	free(w->held.v);
}
