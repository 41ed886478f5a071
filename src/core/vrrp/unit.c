/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what the members of a sync group do together; a lone instance is a group of one without a
 * name. MASTER needs every member, FAULT and the loss of MASTER take every member along.
 * Must not know: adverts and timers of a member.
 */
#include "core/vrrp/internal.h"

#include "base/str.h"

struct unit unit_of(struct vrrp_router *r, const struct inst *i)
{
	struct group *g;

	if (i->group == CONF_NONE)
		return (struct unit){.members = &i->id, .n = 1};
	g = &r->groups[i->group];
	return (struct unit){.members = g->members, .n = g->n, .group = g};
}

static struct inst *member(struct vrrp_router *r, const struct unit *u, unsigned m)
{
	return &r->inst[u->members[m]];
}

bool unit_has_master(struct vrrp_router *r, const struct inst *i)
{
	struct unit u = unit_of(r, i);

	for (unsigned m = 0; m < u.n; m++)
		if (member(r, &u, m)->state == VRRP_MASTER)
			return true;
	return false;
}

/* A new member that still listens does not make the others less than masters. */
enum vrrp_state group_computed(const struct vrrp_router *r, const struct group *g)
{
	unsigned masters = 0, faults = 0, inits = 0, joining = 0;

	for (unsigned m = 0; m < g->n; m++) {
		const struct inst *i = &r->inst[g->members[m]];

		masters += i->state == VRRP_MASTER;
		faults += i->state == VRRP_FAULT;
		inits += i->state == VRRP_INIT;
		joining += i->joins;
	}
	return faults				      ? VRRP_FAULT
	       : inits				      ? VRRP_INIT
	       : masters && masters + joining == g->n ? VRRP_MASTER
						      : VRRP_BACKUP;
}

void group_set(struct vrrp_router *r, struct group *g, enum vrrp_state to,
	       const struct cause *cause)
{
	struct vrrp_action *a;

	if (!g || g->state == to)
		return;
	a = emit(r, VRRP_DO_TRANSITION, NULL);
	a->id = g->conf->id;
	a->is_group = true;
	a->from = g->state;
	a->to = to;
	a->cause = *cause;
	g->state = to;
	g->since = r->now;
	g->cause = *cause;
}

static void group_update(struct vrrp_router *r, struct group *g, const struct cause *cause)
{
	if (g)
		group_set(r, g, group_computed(r, g), cause);
}

/* At the start a group speaks before its members. */
static void group_start(struct vrrp_router *r, struct group *g, enum vrrp_state to,
			const struct cause *cause)
{
	if (g && g->state == VRRP_INIT && group_computed(r, g) == VRRP_INIT)
		group_set(r, g, to, cause);
}

/* What the others are told when `i` is the reason. */
static struct cause group_cause(const struct unit *u, const struct inst *i)
{
	struct cause c = {.kind = CAUSE_GROUP};

	cause_names(&c, u->group ? u->group->conf->name : "", i->conf->name);
	return c;
}

/* Why the followed member did it: it may have another reason by the time somebody asks. */
static void follow(struct inst *i, const struct cause *why)
{
	if (i->cause.kind == CAUSE_GROUP && why->kind != CAUSE_GROUP)
		i->followed = *why;
}

static void unit_to_master(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	struct unit u = unit_of(r, i);
	struct cause others = group_cause(&u, i);

	inst_to_master(r, i, cause);
	for (unsigned m = 0; m < u.n; m++)
		if (member(r, &u, m)->state != VRRP_MASTER) {
			inst_to_master(r, member(r, &u, m), &others);
			follow(member(r, &u, m), cause);
		}
	group_update(r, u.group, cause);
}

/* `i` leaves MASTER, or (cause NULL) as a BACKUP forbids the others to stay there. */
void unit_to_backup(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	struct unit u = unit_of(r, i);
	struct cause others = group_cause(&u, i);

	if (!cause)
		cause = &others;
	if (i->state == VRRP_MASTER)
		inst_to_backup(r, i, cause);
	for (unsigned m = 0; m < u.n; m++)
		if (member(r, &u, m)->state == VRRP_MASTER) {
			inst_to_backup(r, member(r, &u, m), &others);
			follow(member(r, &u, m), cause);
		}
	group_update(r, u.group, cause);
}

/* The first of the others that is not ready to be MASTER. */
static const struct inst *unit_waits_for(struct vrrp_router *r, const struct unit *u,
					 const struct inst *i)
{
	for (unsigned m = 0; m < u->n; m++) {
		const struct inst *k = member(r, u, m);

		if (k != i && !k->wants && k->state != VRRP_MASTER)
			return k;
	}
	return NULL;
}

/* A takeover makes the faster members wait for a moment; who waits twice as long is held back, and
 * somebody may want to know. */
static void wait_note(struct vrrp_router *r, struct inst *i, const struct unit *u,
		      const struct inst *k)
{
	struct vrrp_action *a;

	if (i->held)
		return;
	a = emit_note(r, i, i->wants ? VRRP_NOTE_HELD_BY_GROUP : VRRP_NOTE_WAITING_GROUP);
	a->cause = group_cause(u, k);
	if (k->master_heard && !k->left && r->now - k->master_heard <= inst_down_interval(k)) {
		a->address = k->master;
		a->priority = k->master_priority;
	}
	a->value = k->effective;
	i->held = i->wants;
	i->wants = true;
}

/* A member's master down timer ran out. */
void unit_expired(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	struct unit u = unit_of(r, i);
	const struct inst *k = unit_waits_for(r, &u, i);

	if (!k) {
		unit_to_master(r, i, cause);
		return;
	}
	wait_note(r, i, &u, k);
	timer_set(r, i, T_DOWN, r->now + inst_down_interval(i));
}

/* ---- faults and start ---- */

static struct cause fault_cause(const struct vrrp_router *r, const struct inst *i)
{
	struct cause c = {.kind = i->reason.kind, .value = i->reason.value};

	cause_names(&c, i->reason.name, NULL);
	if (i->reason.kind == CAUSE_VIP_REMOVED)
		c.address = i->lost_vip;
	if (i->reason.kind == CAUSE_SCRIPT_FAILED)
		for (unsigned k = 0; k < i->n_tracks; k++)
			if (i->tracks[k].kind == TRACK_SCRIPT &&
			    i->tracks[k].name == i->reason.name)
				c.adverts = r->scripts[i->tracks[k].id].timed_out;
	return c;
}

static struct cause member_fault_cause(const struct vrrp_router *r, const struct unit *u,
				       const struct inst *i, const struct inst *faulty)
{
	return i->reason.kind ? fault_cause(r, i) : group_cause(u, faulty);
}

/* It stays in FAULT, but for another reason than before, or another number of the same. */
static void fault_go_on(struct vrrp_router *r, struct inst *i, const struct cause *cause)
{
	bool same = cause->kind == i->cause.kind && str_eq(cause->name, i->cause.name) &&
		    str_eq(cause->name2, i->cause.name2);
	struct vrrp_action *a;

	if (same && cause->value == i->cause.value && cause->adverts == i->cause.adverts)
		return;
	a = emit_note(r, i, VRRP_NOTE_STILL_FAULT);
	a->cause = i->cause = *cause;
	a->value = same;
}

static void unit_to_fault(struct vrrp_router *r, const struct unit *u, const struct inst *faulty)
{
	struct cause cause = fault_cause(r, faulty);

	group_start(r, u->group, VRRP_FAULT, &cause);
	for (unsigned m = 0; m < u->n; m++) {
		struct inst *i = member(r, u, m);
		struct cause own = member_fault_cause(r, u, i, faulty);

		if (i->state != VRRP_FAULT)
			inst_to_fault(r, i, &own);
		else if (i->adopting)
			inst_resume(r, i, &own);
		else
			fault_go_on(r, i, &own);
		follow(i, &cause);
	}
	group_update(r, u->group, &cause);
}

/* ---- all or none ---- */

/* A member without which the others can't be masters. One that is new in the group only listens
 * first: nobody lost what it will serve. */
static const struct inst *unit_splitter(struct vrrp_router *r, const struct unit *u)
{
	for (unsigned m = 0; m < u->n; m++) {
		const struct inst *i = member(r, u, m);

		if (i->state != VRRP_MASTER && !i->joins)
			return i;
	}
	return NULL;
}

/* Only a reload or a death can leave some of a unit as masters without the others. They say that
 * they leave, so that a peer takes all of them and not one by one. */
static void unit_together(struct vrrp_router *r, const struct unit *u, const struct inst *splitter)
{
	struct cause why = {.kind = r->reloaded ? CAUSE_RELOAD : CAUSE_ADOPTED},
		     cause = group_cause(u, splitter);
	bool left = false;

	for (unsigned m = 0; m < u->n; m++) {
		struct inst *i = member(r, u, m);

		if (i->state != VRRP_MASTER)
			continue;
		emit_advert(r, i, 0);
		inst_to_backup(r, i, &cause);
		follow(i, &why);
		left = true;
	}
	if (left && u->group)
		group_set(r, u->group, VRRP_BACKUP, &why);
}

static void unit_hold(struct vrrp_router *r, const struct unit *u, const struct inst *held)
{
	struct cause pending = {.kind = CAUSE_SCRIPT_PENDING};

	for (unsigned t = 0; t < held->n_tracks; t++)
		if (held->tracks[t].kind == TRACK_SCRIPT && !held->tracks[t].weight &&
		    r->scripts[held->tracks[t].id].state == SCRIPT_PENDING)
			cause_names(&pending, held->tracks[t].name, NULL);
	for (unsigned m = 0; m < u->n; m++) {
		struct inst *i = member(r, u, m);

		struct cause cause = i == held ? pending : group_cause(u, held);

		if (i->state == VRRP_FAULT)
			fault_go_on(r, i, &cause);
		else if (i->state == VRRP_INIT)
			i->cause = cause;
		follow(i, &pending);
	}
	if (held->was_master)
		unit_together(r, u, held);
}

/* An address owner configured as MASTER need not ask anybody. */
static bool starts_as_master(const struct inst *i)
{
	return i->conf->priority == 255 && i->conf->state == VRRP_MASTER;
}

static bool unit_starts_as_master(struct vrrp_router *r, const struct unit *u)
{
	for (unsigned m = 0; m < u->n; m++) {
		const struct inst *i = member(r, u, m);

		if (i->state != VRRP_MASTER && !(i->state == VRRP_INIT && starts_as_master(i)))
			return false;
	}
	return true;
}

static void unit_start_masters(struct vrrp_router *r, const struct unit *u)
{
	struct cause owner = {.kind = CAUSE_OWNER}, adopted = {.kind = CAUSE_ADOPTED};

	group_start(r, u->group, VRRP_MASTER, &owner);
	for (unsigned m = 0; m < u->n; m++) {
		struct inst *i = member(r, u, m);

		if (i->adopting)
			inst_resume(r, i, &adopted);
		else if (i->state == VRRP_INIT)
			inst_to_master(r, i, &owner);
	}
}

static struct cause recovery_cause(const struct unit *u, const struct inst *i,
				   const struct inst *trigger)
{
	struct cause c = {.kind = CAUSE_START};

	if (i->state == VRRP_INIT) {
		c.kind = i->was_master ? CAUSE_RELOAD : CAUSE_START;
		return c;
	}
	if (i != trigger && trigger->last_reason.kind)
		return group_cause(u, trigger);
	c.kind = CAUSE_FAULT_CLEARED;
	c.value = i->last_reason.kind;
	cause_names(&c, i->last_reason.name, NULL);
	return c;
}

static void member_recover(struct vrrp_router *r, const struct unit *u, struct inst *i,
			   const struct inst *trigger, const struct cause *why)
{
	struct cause adopted = {.kind = CAUSE_ADOPTED}, cause = recovery_cause(u, i, trigger);
	bool starts = i->state == VRRP_INIT,
	     joins = starts && r->reloaded && !i->was_master && unit_has_master(r, i);

	if (i->adopting && i->state == VRRP_BACKUP) {
		inst_resume(r, i, &adopted);
		return;
	}
	if (!starts && i->state != VRRP_FAULT)
		return;
	inst_to_backup(r, i, &cause);
	i->joins = joins;
	follow(i, why);
	/* An owner in a group of others can't start as master, but need not wait long either. */
	if (starts && u->group && starts_as_master(i))
		timer_set(r, i, T_DOWN,
			  r->now + vrrp_master_down_interval(i->conf->version, 255,
							     i->master_interval, 1));
}

/* Where `i` itself goes on as it was, it is another member that starts. */
static const struct inst *recovery_trigger(struct vrrp_router *r, const struct unit *u,
					   const struct inst *i)
{
	for (unsigned m = 0; m < u->n; m++) {
		const struct inst *k = member(r, u, m);

		if (i->state != VRRP_INIT && i->state != VRRP_FAULT &&
		    (k->state == VRRP_INIT || k->state == VRRP_FAULT))
			return k;
	}
	return i;
}

static void unit_recover(struct vrrp_router *r, const struct unit *u, const struct inst *changed)
{
	const struct inst *trigger = recovery_trigger(r, u, changed), *splitter;
	struct cause cause = recovery_cause(u, trigger, trigger);

	if (unit_starts_as_master(r, u)) {
		unit_start_masters(r, u);
		group_update(r, u->group, &cause);
		return;
	}
	if (!unit_has_master(r, trigger))
		group_start(r, u->group, VRRP_BACKUP, &cause);
	for (unsigned m = 0; m < u->n; m++)
		member_recover(r, u, member(r, u, m), trigger, &cause);
	splitter = unit_splitter(r, u);
	if (splitter)
		unit_together(r, u, splitter);
	group_update(r, u->group, &cause);
}

/* Something about `i` changed, or the unit starts: puts every member where it belongs. */
void unit_settle(struct vrrp_router *r, struct inst *i)
{
	struct unit u = unit_of(r, i);
	struct inst *faulty = NULL, *held = NULL;

	for (unsigned m = 0; m < u.n; m++) {
		struct inst *k = member(r, &u, m);

		if (k->timer[T_START] != USEC_NEVER)
			return;
		inst_judge(r, k);
		if (k->reason.kind && !faulty)
			faulty = k;
		if (k->pending && (k->state == VRRP_INIT || k->state == VRRP_FAULT))
			held = k;
	}
	if (faulty)
		unit_to_fault(r, &u, faulty);
	else if (held)
		unit_hold(r, &u, held);
	else
		unit_recover(r, &u, i);
}
