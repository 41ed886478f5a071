/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the one place where a transition is logged, counted, put on the board and passed on to the
 * runner. Must not know: why it happened beyond the cause it carries.
 */
#include "proc/vrrp/driver.h"

#include "base/str.h"
#include "io/log.h"

#include <errno.h>
#include <string.h>

#define OUTBOX_RETRY (5 * USEC_PER_MSEC)

static const char *name_of(const struct generation *g, const struct vrrp_action *a)
{
	return a->is_group ? g->conf->groups.v[a->id]->name : g->conf->instances.v[a->id]->name;
}

/* ---- notifications ---- */

static bool outbox_empty(struct vrrp_worker *w)
{
	while (w->outbox_n) {
		int r = w->runner.fd < 0 ? -EAGAIN
					 : channel_send(&w->runner, MSG_NOTIFY, &w->outbox[w->outbox_head], NULL, 0);

		if (r == -EAGAIN)
			return false;
		w->outbox_head = (w->outbox_head + 1) % OUTBOX_MAX;
		w->outbox_n--;
	}
	return true;
}

void report_outbox_send(void *ctx)
{
	struct vrrp_worker *w = ctx;

	if (!outbox_empty(w))
		loop_timer_set(w->outbox_timer, clock_monotonic() + OUTBOX_RETRY);
}

/* In order, and none lost while the runner is slow or being restarted, up to a bound. */
static void notify(struct vrrp_worker *w, const struct msg_notify *m)
{
	if (outbox_empty(w) && w->runner.fd >= 0 && channel_send(&w->runner, MSG_NOTIFY, m, NULL, 0) == 0)
		return;
	if (w->outbox_n == OUTBOX_MAX) {
		if (!w->outbox_lost++)
			log_err("the runner does not take notifications, %d wait, more are dropped", OUTBOX_MAX);
		return;
	}
	w->outbox[(w->outbox_head + w->outbox_n++) % OUTBOX_MAX] = *m;
	loop_timer_set(w->outbox_timer, clock_monotonic() + OUTBOX_RETRY);
}

static bool has_script(const struct conf_notify *n)
{
	return n->master || n->backup || n->fault || n->stop || n->deleted || n->any || n->rx_lower_pri;
}

/* Most instances have no script; without a FIFO nobody wants to know of them. */
static bool wanted(const struct generation *g, const struct vrrp_action *a)
{
	const struct conf_global *c = &g->conf->global;

	return c->notify_fifo.path || c->vrrp_notify_fifo.path || c->webhook ||
	       (c->smtp_server && c->emails.n > 0) ||
	       has_script(a->is_group ? &g->conf->groups.v[a->id]->notify
				      : &g->conf->instances.v[a->id]->notify);
}

static void notify_instance(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a,
			    enum notify_event event, uint16_t state, uint16_t previous, const char *cause)
{
	struct msg_notify m = {
		.generation = g->conf->generation,
		.id = a->id,
		.is_group = a->is_group,
		.event = event,
		.state = state,
		.previous = previous,
		.sequence = ++w->notify_sequence,
	};

	g->board.header->notify_sequence = w->notify_sequence;
	if (!wanted(g, a))
		return;
	if (!a->is_group) {
		struct vrrp_view v;

		vrrp_router_view(g->router, a->id, &v);
		m.priority = event == NOTIFY_PRIORITY ? a->priority : v.effective;
	}
	str_copy(m.cause, sizeof(m.cause), cause);
	notify(w, &m);
}

/* ---- transitions ---- */

static void event_add(struct generation *g, const struct vrrp_action *a)
{
	struct board_event e = {
		.at = clock_monotonic(),
		.wall = clock_wall(),
		.is_group = a->is_group,
		.from = a->from,
		.to = a->to,
		.cause = a->cause,
	};

	str_copy(e.name, sizeof(e.name), name_of(g, a));
	board_event_add(&g->board, &e);
}

static void log_group(const struct generation *g, const struct vrrp_action *a, const char *cause)
{
	const char *name = name_of(g, a), *to = vrrp_state_name(a->to);

	log_write(LVL_NOTICE,
		  &(struct log_fields){.group = name, .old_state = vrrp_state_name(a->from), .new_state = to,
				       .cause = cause, .event = "group-transition"},
		  "VRRP_Group(%s) Syncing instances to %s state: %s", name, to, cause);
}

static void log_instance(const struct generation *g, const struct vrrp_action *a, const char *cause)
{
	const char *name = name_of(g, a), *to = vrrp_state_name(a->to);
	char peer[IP_TEXT_MAX];
	struct log_fields f = {
		.instance = name,
		.old_state = vrrp_state_name(a->from),
		.new_state = to,
		.cause = cause,
		.peer = ip_is_set(&a->cause.address) ? ip_format(&a->cause.address, peer) : NULL,
		.event = "transition",
	};
	bool init = a->from == VRRP_INIT && a->to != VRRP_MASTER;

	if (a->to == VRRP_STOP || a->to == VRRP_DELETED)
		log_write(LVL_INFO, &f, "(%s) Leaving, %s: %s", name, to, cause);
	else if (a->from == a->to)
		log_write(LVL_NOTICE, &f, "(%s) Still %s: %s", name, to, cause);
	else
		log_write(LVL_NOTICE, &f, "(%s) Entering %s STATE%s: %s", name, to, init ? " (init)" : "",
			  cause);
}

/* The cause in the words that keepalived puts before the transition. */
static void log_fault(const char *name, const struct cause *c, const char *text)
{
	if (c->kind == CAUSE_SCRIPT_FAILED)
		log_info("(%s): entering FAULT state due to script %s", name, c->name);
	else if (c->kind == CAUSE_INTERFACE_DOWN || c->kind == CAUSE_FILE_VALUE)
		log_info("(%s): entering FAULT state (%s)", name, text);
	else if (c->kind == CAUSE_NO_ADDRESS)
		log_info("(%s) entering FAULT state (no IPv%d address for interface)", name, c->value);
	else
		log_info("(%s) entering FAULT state", name);
}

/* The steps of a role as keepalived's -D says them. */
static void log_details(const struct vi *vi, const struct vrrp_action *a, const char *cause)
{
	const char *name = vi->conf->name;

	if (a->from == VRRP_BACKUP && a->to == VRRP_MASTER &&
	    (a->cause.kind == CAUSE_NO_ADVERT || a->cause.kind == CAUSE_MASTER_LEFT ||
	     a->cause.kind == CAUSE_PREEMPT))
		log_debug("(%s) Receive advertisement timeout", name);
	if (a->from != a->to && a->to == VRRP_FAULT)
		log_fault(name, &a->cause, cause);
}

static void log_addresses(const struct vi *vi, const struct vrrp_action *a)
{
	const char *name = vi->conf->name, *what = a->to == VRRP_MASTER ? "setting" : "removing";

	if (a->from == a->to || (a->to != VRRP_MASTER && a->from != VRRP_MASTER))
		return;
	log_debug("(%s) %s VIPs.", name, what);
	if (vi->conf->excluded.n)
		log_debug("(%s) %s E-VIPs.", name, what);
}

/* Its record will be written when the event is over (report_flush). */
static void report_later(struct generation *g, struct vi *vi)
{
	if (vi->dirty)
		return;
	vi->dirty = true;
	g->dirty[g->n_dirty++] = vi->id;
}

static void count(struct vi *vi, const struct vrrp_action *a)
{
	if (a->from == a->to)
		return;
	if (a->to == VRRP_MASTER)
		vi->board->counters.become_master++;
	else if (a->from == VRRP_MASTER)
		vi->board->counters.release_master++;
}

/* Why the member did it that this one follows. */
static void member_cause(const struct generation *g, const struct vrrp_action *a, struct buf *out)
{
	struct vrrp_view v;

	if (a->is_group || a->cause.kind != CAUSE_GROUP)
		return;
	vrrp_router_view(g->router, a->id, &v);
	if (v.cause.kind != CAUSE_GROUP || !v.followed.kind)
		return;
	buf_printf(out, ": ");
	vrrp_cause_text(&v.followed, out);
}

void report_transition(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a)
{
	char text[256];
	struct buf b = BUF_ON(text);

	vrrp_cause_text(&a->cause, &b);
	member_cause(g, a, &b);
	buf_text(&b);
	if (a->is_group) {
		log_group(g, a, text);
	} else {
		struct vi *vi = &g->vis[a->id];

		log_details(vi, a, text);
		log_instance(g, a, text);
		log_addresses(vi, a);
		count(vi, a);
		vi->state = a->to;
		vi->logged = 0;
		report_later(g, vi);
		sync_tell(w);
	}
	g->groups_dirty |= a->is_group;
	event_add(g, a);
	if (a->from != a->to)
		notify_instance(w, g, a, NOTIFY_STATE, a->to, a->from, text);
}

void report_priority(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a)
{
	struct vi *vi = &g->vis[a->id];

	log_write(LVL_INFO, &(struct log_fields){.instance = vi->conf->name, .priority = a->priority},
		  "(%s) Changing effective priority from %u to %u", vi->conf->name, a->priority_old, a->priority);
	report_later(g, vi);
	if (vi->conf->notify_priority_changes ||
	    (vi->conf->group != CONF_NONE && g->conf->groups.v[vi->conf->group]->notify_priority_changes))
		notify_instance(w, g, a, NOTIFY_PRIORITY, vi->state, vi->state, "");
}

static enum log_level note_level(enum vrrp_note n)
{
	switch (n) {
	case VRRP_NOTE_MASTER_CHANGED:
	case VRRP_NOTE_PRIORITY_ZERO:
	case VRRP_NOTE_PREEMPT_DELAY:
	case VRRP_NOTE_INTERVAL:
	case VRRP_NOTE_OWN_INTERVAL:
	case VRRP_NOTE_WAITING_GROUP:
		return LVL_DEBUG;
	case VRRP_NOTE_RIVAL:
	case VRRP_NOTE_OWNER_CLASH:
	case VRRP_NOTE_OWN_ADDRESS:
	case VRRP_NOTE_VIP_RESTORED:
	case VRRP_NOTE_STALLED:
	case VRRP_NOTE_AUTH_OWNER_254:
		return LVL_WARNING;
	case VRRP_NOTE_LOWER_DISCARDED:
	case VRRP_NOTE_RIVAL_GONE:
	case VRRP_NOTE_LEAVING:
	case VRRP_NOTE_HANDED_OVER:
	case VRRP_NOTE_HELD_BY_GROUP:
	case VRRP_NOTE_STILL_FAULT:
		return LVL_NOTICE;
	}
	return LVL_INFO;
}

void report_note(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a)
{
	struct vi *vi = &g->vis[a->id];
	char text[256], peer[IP_TEXT_MAX];
	struct buf b = BUF_ON(text);
	struct vrrp_view v;

	vrrp_router_view(g->router, a->id, &v);
	vrrp_note_text(a, v.effective, &b);
	log_write(a->note == VRRP_NOTE_STILL_FAULT && a->value ? LVL_DEBUG : note_level(a->note),
		  &(struct log_fields){.instance = vi->conf->name,
				       .peer = ip_is_set(&a->address) ? ip_format(&a->address, peer) : NULL,
				       .priority = a->priority},
		  "(%s) %s", vi->conf->name, buf_text(&b));
	report_later(g, vi);
}

void report_rx_lower(struct vrrp_worker *w, struct generation *g, const struct vrrp_action *a)
{
	notify_instance(w, g, a, NOTIFY_RX_LOWER, g->vis[a->id].state, g->vis[a->id].state, "");
}

/* ---- the board ---- */

static void parts_write(struct generation *g, struct vi *vi)
{
	struct vrrp_priority_part parts[BOARD_PARTS];
	unsigned n = vrrp_router_parts(g->router, vi->id, parts, BOARD_PARTS);
	struct board_instance *b = vi->board;

	b->n_parts = n < BOARD_PARTS ? n : BOARD_PARTS;
	for (unsigned i = 0; i < b->n_parts; i++) {
		str_copy(b->parts[i].name, sizeof(b->parts[i].name), parts[i].name ? parts[i].name : "");
		b->parts[i].kind = parts[i].kind;
		b->parts[i].fault = parts[i].fault;
		b->parts[i].value = (int16_t)parts[i].value;
	}
}

static void report_instance(struct generation *g, struct vi *vi)
{
	struct board_instance *b = vi->board;
	struct vrrp_view v;

	vi->dirty = false;
	vrrp_router_view(g->router, vi->id, &v);
	vi->state = v.state;
	board_write_begin(&b->seq);
	b->state = v.state;
	b->base = v.base;
	b->effective = v.effective;
	b->leaving = v.leaving;
	b->adopted = v.adopted;
	b->wants = v.wants;
	b->since = v.since;
	b->cause = v.cause;
	b->followed = v.followed;
	b->source = v.source;
	b->master = v.master;
	b->master_priority = v.master_priority;
	b->master_interval = v.master_interval;
	b->master_heard = v.master_heard;
	b->master_down = v.master_down;
	b->rival = v.rival;
	b->rival_priority = v.rival_priority;
	b->rival_since = v.rival_since;
	b->rival_last = v.rival_last;
	b->rival_adverts = v.rival_adverts;
	parts_write(g, vi);
	board_write_end(&b->seq);
}

/* The few fields that move with every advert, without the rest of the record. */
void report_advert(struct generation *g, struct vi *vi, uint8_t priority, usec_t now)
{
	struct board_instance *b = vi->board;

	if (vi->state != VRRP_BACKUP || b->wants || !ip_equal(&b->master, &vi->last_from) ||
	    b->master_priority != priority) {
		report_instance(g, vi);
		return;
	}
	board_write_begin(&b->seq);
	b->master_heard = now;
	board_write_end(&b->seq);
}

static void groups_write(struct generation *g)
{
	for (unsigned i = 0; i < g->conf->groups.n; i++) {
		struct board_group *b = &g->board.groups[i];
		struct cause cause;
		usec_t since;
		enum vrrp_state s = vrrp_router_group_state(g->router, i, &since, &cause);

		board_write_begin(&b->seq);
		str_copy(b->name, sizeof(b->name), g->conf->groups.v[i]->name);
		b->state = s;
		b->since = since;
		b->cause = cause;
		board_write_end(&b->seq);
	}
}

void report_flush(struct generation *g)
{
	for (unsigned i = 0; i < g->n_dirty; i++)
		report_instance(g, &g->vis[g->dirty[i]]);
	g->n_dirty = 0;
	if (g->groups_dirty)
		groups_write(g);
	g->groups_dirty = false;
}

void report_all(struct generation *g)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++)
		report_instance(g, &g->vis[i]);
	groups_write(g);
}

void report_counters_clear(struct generation *g)
{
	for (unsigned i = 0; i < g->conf->instances.n; i++) {
		struct board_instance *b = g->vis[i].board;

		board_write_begin(&b->seq);
		b->counters = (struct board_counters){0};
		board_write_end(&b->seq);
	}
}

/* fifo_write_vrrp_states_on_reload: the states as they are, for readers that came late. */
void report_states_to_fifo(struct vrrp_worker *w, struct generation *g)
{
	for (unsigned i = 0; i < g->conf->groups.n + g->conf->instances.n; i++) {
		bool group = i < g->conf->groups.n;
		struct msg_notify m = {.generation = g->conf->generation, .is_group = group, .fifo_only = true,
				       .event = NOTIFY_STATE, .sequence = ++w->notify_sequence};
		struct vrrp_view v;

		m.id = group ? i : i - g->conf->groups.n;
		if (group) {
			m.state = vrrp_router_group_state(g->router, m.id, &(usec_t){0}, &(struct cause){0});
		} else {
			vrrp_router_view(g->router, m.id, &v);
			m.state = v.state;
			m.priority = v.effective;
		}
		m.previous = m.state;
		notify(w, &m);
	}
}
