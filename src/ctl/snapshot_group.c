/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the members of a sync group are to each other: an instance that follows another, or waits for
 * it, is only half explained by its own record. Must not know how it is shown.
 */
#include "core/vrrp/vrrp.h"
#include "ctl/snapshot.h"
#include "ctl/snapshot_read.h"

#include "base/str.h"

/* The other members, from *at on; false: there are no more. */
static bool next_member(const struct snapshot *s, const struct board_instance *of, uint32_t *at,
			struct board_instance *ret)
{
	const struct board *b = &s->board[PROC_VRRP];

	while (*at < b->header->shape.instances) {
		uint32_t i = (*at)++;

		if (b->instances[i].group != of->group) /* it never changes */
			continue;
		snapshot_instance(s, i, ret);
		if (!str_eq(ret->name, of->name))
			return true;
	}
	return false;
}

static bool in_group(const struct board_instance *i)
{
	return i->group != UINT32_MAX;
}

/* It follows a member that had a reason of its own. That member's present one may be another. */
static bool follows(const struct board_instance *i)
{
	return i->cause.kind == CAUSE_GROUP && i->followed.kind;
}

static void waits_for(const struct snapshot *s, const struct board_instance *k, struct snapshot_hold *ret)
{
	struct buf reason = BUF_ON(ret->reason);
	const struct ip_addr nobody = {0};

	str_copy(ret->member, sizeof(ret->member), k->name);
	ret->lasts = ip_is_set(&k->master) && !snapshot_master_is_gone(s, k);
	vrrp_waiting_text(ret->lasts ? &k->master : &nobody, k->master_priority, k->effective, &reason);
	buf_text(&reason);
}

static bool waits(const struct snapshot *s, const struct board_instance *i, struct snapshot_hold *ret)
{
	struct board_instance k;
	uint32_t at = 0;

	if (!in_group(i) || i->state != VRRP_BACKUP || !i->wants)
		return false;
	while (next_member(s, i, &at, &k)) {
		if (k.wants || k.state == VRRP_MASTER)
			continue;
		waits_for(s, &k, ret);
		return true;
	}
	return false;
}

bool snapshot_held(const struct snapshot *s, const struct board_instance *i, struct snapshot_hold *ret)
{
	struct buf reason = BUF_ON(ret->reason);

	if (i->state == VRRP_BACKUP)
		return waits(s, i, ret);
	if ((i->state != VRRP_FAULT && i->state != VRRP_INIT) || !follows(i))
		return false;
	str_copy(ret->member, sizeof(ret->member), i->cause.name2);
	ret->lasts = i->state == VRRP_FAULT;
	vrrp_cause_text(&i->followed, &reason);
	buf_text(&reason);
	return true;
}

void snapshot_cause_text(const struct board_instance *i, struct buf *out)
{
	vrrp_cause_text(&i->cause, out);
	if (follows(i)) {
		buf_printf(out, ": ");
		vrrp_cause_text(&i->followed, out);
	}
	if (i->adopted && i->cause.kind != CAUSE_ADOPTED)
		buf_printf(out, " (adopted after a restart of vrrp)");
}
