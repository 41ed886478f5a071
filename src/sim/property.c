/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what must hold. Always:
 *   - a node has an instance's addresses exactly while it is its MASTER
 *   - the members of a sync group are MASTER together and in FAULT together
 *   - nobody becomes MASTER before a master that it must respect (preemption, nopreempt) has been
 *     silent for the master down interval
 *   - a MASTER yields to a better one at once, and to no other
 *   - no MASTER is silent for longer than its interval
 *   - a master that said priority 0 is followed within the skew time
 *   - a damaged packet is never accepted; a node that leaves has left within the skew time
 * From a bounded time after the last fault on, in every part of a divided network:
 *   - exactly one MASTER and one owner of the addresses, if anybody is eligible, else none
 *   - it stays the same one, and nobody who may preempt it has a higher priority
 *   - who overlapped with another master and heard it has announced its addresses since
 * Must not know: how the core does it.
 */
#include "sim/sim.h"

static struct vrrp_view view_of(const struct sim *s, unsigned n, unsigned instance)
{
	struct vrrp_view v = {.state = VRRP_INIT};

	if (s->node[n].router)
		vrrp_router_view(s->node[n].router, instance, &v);
	return v;
}

/* The longest chain after a fault: the first master emerges after its master down interval; one
 * that tolerates it for preempt_delay notices it, waits for the delay and another interval; a
 * master that leaves holds its addresses for a skew time. The members of a group wait for each
 * other. */
usec_t sim_bound(const struct sim *s)
{
	usec_t down = s->plan.down,
	       chain = 2 * down + s->plan.preempt_delay + s->plan.interval_most;

	if (s->plan.grouped)
		chain += 2 * down;
	return chain + vrrp_skew_time(s->plan.version, 1, s->plan.interval_most) +
	       10 * s->delay_most;
}

static bool faultless(const struct sim *s, unsigned n, unsigned instance)
{
	if (s->plan.grouped) {
		for (unsigned k = 0; k < s->plan.instances; k++)
			if (!s->node[n].link_up[k])
				return false;
	}
	return s->node[n].link_up[instance] && (s->plan.script_weight || s->node[n].script_good);
}

static bool is_eligible(const struct sim *s, unsigned n, unsigned instance)
{
	return s->node[n].router && !s->node[n].leaving && faultless(s, n, instance);
}

bool sim_advert_beats(const struct sim_record *rec, uint8_t own, unsigned n)
{
	return rec->last_priority > own || (rec->last_priority == own && rec->last_from > n);
}

void sim_check_yielded(struct sim *s, unsigned n, unsigned instance)
{
	const struct sim_record *rec = &s->node[n].rec[instance];

	if (view_of(s, n, instance).state == VRRP_MASTER)
		sim_fail(s, "n%u i%u does not yield to n%u (%u)", n, instance, rec->last_from,
			 rec->last_priority);
}

/* Calculated here and not asked from the core. A member that is pulled along waited for its own
 * timer, but perhaps with another priority. */
static usec_t silence_needed(const struct sim *s, const struct vrrp_action *a)
{
	usec_t unit = s->plan.version == 2 ? USEC_PER_SEC : s->plan.interval;
	usec_t skew = unit * (256 - a->priority) / 256;

	return 3 * s->plan.interval + (a->cause.kind == CAUSE_GROUP ? 0 : skew);
}

void sim_check_transition(struct sim *s, unsigned n, const struct vrrp_action *a)
{
	struct sim_record *rec = &s->node[n].rec[a->id];
	usec_t heard = s->plan.nopreempt[n] ? rec->heard_any : rec->heard_better;
	usec_t silent = sim_node_time(s, n) - heard;

	rec->zero_at = 0;
	if (a->to != VRRP_MASTER)
		rec->sent = 0;
	if (a->from == VRRP_MASTER && a->to == VRRP_BACKUP && a->cause.kind != CAUSE_GROUP &&
	    !sim_advert_beats(rec, a->priority, n))
		sim_fail(s, "n%u i%u (%u) yields to n%u (%u)", n, a->id, a->priority,
			 rec->last_from, rec->last_priority);
	if (a->to != VRRP_MASTER || a->from != VRRP_BACKUP || rec->heard_zero || !heard)
		return;
	if (silent < silence_needed(s, a))
		sim_fail(s,
			 "n%u i%u became MASTER %.6f s after the advert of a master it must "
			 "respect",
			 n, a->id, (double)silent / 1e6);
}

void sim_check_sent(struct sim *s, unsigned n, unsigned instance, uint8_t priority)
{
	struct sim_record *rec = &s->node[n].rec[instance];
	usec_t now = sim_node_time(s, n), gap = now - rec->sent;

	rec->sent_count++;
	if (!priority) {
		rec->sent = 0;
		return;
	}
	if (rec->sent && !s->node[n].late && gap > s->plan.interval_of[n])
		sim_fail(s, "n%u i%u was silent for %.6f s as MASTER", n, instance,
			 (double)gap / 1e6);
	rec->sent = now;
}

static void check_members(struct sim *s, unsigned n)
{
	unsigned masters = 0, faults = 0, all = s->plan.instances;

	for (unsigned k = 0; k < all; k++) {
		enum vrrp_state state = view_of(s, n, k).state;

		masters += state == VRRP_MASTER;
		faults += state == VRRP_FAULT;
	}
	if ((masters && masters != all) || (faults && faults != all))
		sim_fail(s, "n%u: the sync group is torn: %u of %u MASTER, %u FAULT", n, masters,
			 all, faults);
}

/* Who hears nothing but priority 0 is MASTER within the longest skew time. */
static void check_successor(struct sim *s, unsigned n, unsigned instance)
{
	const struct sim_record *rec = &s->node[n].rec[instance];
	usec_t skew = vrrp_skew_time(s->plan.version, 1, s->plan.interval_most);

	if (view_of(s, n, instance).state == VRRP_BACKUP && !s->plan.grouped && !s->node[n].late &&
	    rec->zero_at && sim_node_time(s, n) > rec->zero_at + skew)
		sim_fail(s, "n%u i%u does not follow a master that has left", n, instance);
}

void sim_check_node(struct sim *s, unsigned n)
{
	for (unsigned k = 0; k < s->plan.instances; k++) {
		const struct sim_record *rec = &s->node[n].rec[k];
		struct vrrp_view v = view_of(s, n, k);
		usec_t gap = sim_node_time(s, n) - rec->sent;

		if (rec->owns != (v.state == VRRP_MASTER))
			sim_fail(s, "n%u i%u is %s and %s the addresses", n, k,
				 vrrp_state_name(v.state), rec->owns ? "has" : "has not");
		if (v.state == VRRP_MASTER && !v.leaving && rec->sent && !s->node[n].late &&
		    gap > s->plan.interval_of[n])
			sim_fail(s, "n%u i%u has been silent for %.6f s as MASTER", n, k,
				 (double)gap / 1e6);
		check_successor(s, n, k);
	}
	if (s->plan.grouped && !s->node[n].leaving)
		check_members(s, n);
	if (s->node[n].leaving && s->now > s->node[n].leave_by && !s->node[n].late)
		sim_fail(s, "n%u has not left in time", n);
}

struct census {
	unsigned eligible, masters, owners;
	unsigned master;
};

static struct census census_take(const struct sim *s, unsigned instance, unsigned cell)
{
	struct census c = {0};

	for (unsigned n = 0; n < s->plan.nodes; n++) {
		if (s->node[n].cell[instance] != cell)
			continue;
		c.eligible += is_eligible(s, n, instance);
		c.owners += s->node[n].rec[instance].owns;
		if (view_of(s, n, instance).state != VRRP_MASTER)
			continue;
		c.masters++;
		c.master = n;
	}
	return c;
}

/* Nobody who may take over is left waiting. */
static void check_best(struct sim *s, unsigned instance, unsigned cell, unsigned master)
{
	uint8_t priority = view_of(s, master, instance).effective;

	for (unsigned n = 0; n < s->plan.nodes; n++) {
		if (s->node[n].cell[instance] != cell || !is_eligible(s, n, instance))
			continue;
		if (!s->plan.nopreempt[n] && view_of(s, n, instance).effective > priority)
			sim_fail(s, "i%u: n%u (%u) is MASTER although n%u (%u) may preempt it",
				 instance, master, priority, n, view_of(s, n, instance).effective);
	}
}

void sim_check_settled(struct sim *s)
{
	for (unsigned k = 0; k < s->plan.instances; k++)
		for (unsigned cell = 0; cell < s->plan.nodes; cell++) {
			struct census c = census_take(s, k, cell);
			int *seen = &s->master_seen[k][cell];
			unsigned expected = c.eligible ? 1 : 0;

			if (c.masters != expected || c.owners != expected) {
				sim_fail(s,
					 "i%u: %u masters and %u owners for %u eligible nodes "
					 "in part %u of the network",
					 k, c.masters, c.owners, c.eligible, cell);
				continue;
			}
			if (!c.masters)
				continue;
			if (*seen && *seen != (int)c.master + 1)
				sim_fail(s, "i%u: MASTER went from n%d to n%u without a reason", k,
					 *seen - 1, c.master);
			*seen = (int)c.master + 1;
			check_best(s, k, cell, c.master);
		}
}

void sim_check_healed(struct sim *s)
{
	for (unsigned n = 0; n < s->plan.nodes; n++)
		for (unsigned k = 0; k < s->plan.instances; k++) {
			const struct sim_record *rec = &s->node[n].rec[k];

			if (view_of(s, n, k).state == VRRP_MASTER && rec->announced < rec->rival_at)
				sim_fail(s,
					 "n%u i%u has not announced its addresses after an "
					 "overlap",
					 n, k);
		}
}
