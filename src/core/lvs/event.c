/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: the queue of what has happened. It grows as far as it must (every server may change at
 * once) and uses its memory again. Names are made when an event is taken, but for what is of an old
 * configuration. Must not know: why things happen.
 */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/lvs/internal.h"

struct lvs_record {
	struct lvs_record *next;
	const char *vs_name, *rs_name; /* NULL: of the configuration */
	int64_t weight;
	uint32_t vs, rs, checker, old_vs, old_rs, quorum, hysteresis;
	uint8_t kind;
	bool initial, stopping, rs_up, rs_changed, long_one;
	char reason[]; /* LVS_REASON_MAX bytes of a long one */
};

static struct lvs_record *record_take(struct lvs *l, bool long_one)
{
	struct lvs_record **spare = &l->events.spare[long_one], *r = *spare;

	if (r)
		*spare = r->next;
	else
		r = arena_alloc(l->arena, sizeof(*r) + (long_one ? LVS_REASON_MAX : 0));
	*r = (struct lvs_record){.long_one = long_one};
	return r;
}

/* Names of what the next configuration will not know. */
static void record_old(struct lvs *l, struct lvs_record *r, const struct lvs_event_in *e)
{
	char name[LVS_NAME_MAX];

	if (!e->old_vs)
		return;
	r->old_vs = e->old_vs->id;
	r->vs_name = arena_strdup(l->arena, lvs_service_name(e->old_vs, name));
	r->quorum = e->old_vs->quorum;
	r->hysteresis = e->old_vs->hysteresis;
	if (!e->old_rs)
		return;
	r->old_rs = e->old_rs->id;
	r->rs_name = arena_strdup(l->arena, lvs_server_name(e->old_rs, e->old_vs, name));
}

void lvs_event_add(struct lvs *l, const struct lvs_event_in *e)
{
	bool long_one = e->reason && *e->reason;
	struct lvs_record *r = record_take(l, long_one);

	r->kind = (uint8_t)e->kind;
	r->vs = e->vs;
	r->rs = e->rs;
	r->checker = e->checker;
	r->old_vs = r->old_rs = CONF_NONE;
	r->weight = e->weight;
	r->initial = e->initial;
	r->stopping = e->stopping;
	r->rs_changed = e->rs_changed;
	r->rs_name = e->rs_name;
	r->rs_up = e->rs != CONF_NONE && !e->stopping && l->servers[e->rs].up;
	if (long_one)
		str_copy(r->reason, LVS_REASON_MAX, e->reason);
	if (e->vs != CONF_NONE) {
		r->quorum = lvs_vs(l, e->vs)->quorum;
		r->hysteresis = lvs_vs(l, e->vs)->hysteresis;
	}
	record_old(l, r, e);
	if (l->events.tail)
		l->events.tail->next = r;
	else
		l->events.head = r;
	l->events.tail = r;
}

void lvs_event_draining(struct lvs *l, const struct lvs_event_in *e, usec_t left)
{
	struct lvs_event_in in = *e;
	char reason[LVS_REASON_MAX];
	struct buf b = BUF_ON(reason);

	buf_printf(&b, "no new connections, leaves in %g s", (double)left / USEC_PER_SEC);
	in.kind = LVS_DRAINING;
	in.checker = CONF_NONE;
	in.reason = buf_text(&b);
	lvs_event_add(l, &in);
}

static void record_names(const struct lvs *l, const struct lvs_record *r, struct lvs_event *ret)
{
	if (r->vs_name)
		str_copy(ret->vs_name, sizeof(ret->vs_name), r->vs_name);
	else if (r->vs != CONF_NONE)
		lvs_service_name(lvs_vs(l, r->vs), ret->vs_name);
	if (r->rs_name)
		str_copy(ret->rs_name, sizeof(ret->rs_name), r->rs_name);
	else if (r->rs != CONF_NONE)
		lvs_server_name(lvs_rs(l, r->rs), lvs_vs(l, r->vs), ret->rs_name);
}

bool lvs_next_event(struct lvs *l, struct lvs_event *ret)
{
	struct lvs_record *r = l->events.head;

	if (!r)
		return false;
	*ret = (struct lvs_event){.kind = r->kind,
				  .initial = r->initial,
				  .stopping = r->stopping,
				  .rs_up = r->rs_up,
				  .rs_changed = r->rs_changed,
				  .vs = r->vs,
				  .rs = r->rs,
				  .checker = r->checker,
				  .old_vs = r->old_vs,
				  .old_rs = r->old_rs,
				  .weight = r->weight,
				  .quorum = r->quorum,
				  .hysteresis = r->hysteresis};
	record_names(l, r, ret);
	if (r->long_one)
		str_copy(ret->reason, sizeof(ret->reason), r->reason);
	l->events.head = r->next;
	if (!r->next)
		l->events.tail = NULL;
	r->next = l->events.spare[r->long_one];
	l->events.spare[r->long_one] = r;
	return true;
}
