/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: what a seed means: the configuration of the nodes, and phases in which faults strike, each
 * followed by a quiet time at whose end everything must be settled.
 * Must not know: elections.
 */
#include "sim/sim.h"

#include <string.h>

#define PHASES 3
#define FAULTS_MOST 8

static uint32_t below(struct sim *s, uint32_t n)
{
	return sim_random_below(&s->random, n);
}

static bool chance(struct sim *s, uint32_t percent)
{
	return sim_random_chance(&s->random, percent);
}

/* ---- configuration ---- */

/* Backups of version 3 learn the master's interval, so the nodes may differ. */
static void intervals_make(struct sim *s)
{
	struct sim_plan *p = &s->plan;
	bool differ = p->version == 3 && chance(s, 30);

	for (unsigned n = 0; n < p->nodes; n++) {
		p->interval_of[n] = p->interval * (differ && n ? 1 + below(s, 4) : 1);
		p->interval_most = usec_max(p->interval_most, p->interval_of[n]);
	}
}

static void plan_make(struct sim *s)
{
	static const usec_t intervals[] = {10 * USEC_PER_MSEC, 100 * USEC_PER_MSEC, USEC_PER_SEC};
	struct sim_plan *p = &s->plan;
	bool tie = chance(s, 25);

	p->nodes = 2 + below(s, SIM_NODES_MAX - 1);
	p->instances = 1 + below(s, SIM_INSTANCES_MAX);
	p->grouped = p->instances > 1 && chance(s, 60);
	p->version = chance(s, 50) ? 2 : 3;
	p->interval = p->version == 2 ? USEC_PER_SEC : intervals[below(s, 3)];
	intervals_make(s);
	p->down = vrrp_master_down_interval(p->version, 1, p->interval_most, 3);
	p->preempt_delay = chance(s, 20) ? p->interval * (1 + below(s, 5)) : 0;
	p->owner = !p->grouped && chance(s, 10);
	p->silent_lower = chance(s, 50);
	p->script_weight = chance(s, 40) ? 1 : chance(s, 50) ? 0 : -60;
	if (p->owner)
		p->script_weight = 1;
	for (unsigned n = 0; n < p->nodes; n++) {
		uint8_t priority = (uint8_t)(tie ? 100 : 1 + below(s, 254));

		p->nopreempt[n] = chance(s, 20);
		for (unsigned k = 0; k < p->instances; k++) {
			if (!p->grouped && !tie)
				priority = (uint8_t)(1 + below(s, 254));
			p->priority[n][k] = p->owner && !n ? 255 : priority;
		}
	}
	if (p->owner)
		p->nopreempt[0] = false;
}

static void address_make(struct sim *s, struct conf_instance *i, unsigned k)
{
	struct conf_address *a = arena_new_of(s->arena, struct conf_address);

	a->addr = ip_from_bytes(IP_V4, (uint8_t[]){10, 1, (uint8_t)k, 100});
	a->prefix = 32;
	vec_push(s->arena, &i->vips, a);
}

static void track_make(struct sim *s, struct conf *c)
{
	struct conf_vrrp_script *script = arena_new_of(s->arena, struct conf_vrrp_script);

	script->name = "chk";
	script->rise = script->fall = 1;
	script->script = arena_new_of(s->arena, struct conf_script);
	script->script->command = "chk";
	vec_push(s->arena, &c->scripts, script);
	for (unsigned k = 0; k < c->instances.n; k++) {
		struct conf_track *t = arena_new_of(s->arena, struct conf_track);

		t->name = "chk";
		t->weight = s->plan.script_weight;
		vec_push(s->arena, &c->instances.v[k]->tracks[TRACK_SCRIPT], t);
	}
}

static void instance_make(struct sim *s, struct conf *c, unsigned n, unsigned k)
{
	struct conf_instance *i = arena_new_of(s->arena, struct conf_instance);
	const struct sim_plan *p = &s->plan;

	*i = (struct conf_instance){.id = k,
				    .group = p->grouped ? 0 : CONF_NONE,
				    .name = arena_printf(s->arena, "VI_%u", k),
				    .interface = arena_printf(s->arena, "eth%u", k),
				    .family = IP_V4,
				    .version = p->version,
				    .vrid = (uint8_t)(k + 1),
				    .priority = p->priority[n][k],
				    .state = VRRP_BACKUP,
				    .nopreempt = p->nopreempt[n],
				    .down_timer_adverts = 3,
				    .advert_int = p->interval_of[n],
				    .preempt_delay = p->nopreempt[n] ? 0 : p->preempt_delay,
				    .garp_master_repeat = 1};
	if (i->priority == 255)
		i->state = VRRP_MASTER;
	if (!p->silent_lower) {
		i->garp_lower_prio_repeat = 1;
		i->garp_lower_prio_delay = p->interval;
	}
	i->group_addr = ip_from_bytes(IP_V4, (uint8_t[]){224, 0, 0, 18});
	address_make(s, i, k);
	vec_push(s->arena, &c->instances, i);
}

struct conf *sim_conf_make(struct sim *s, unsigned n)
{
	struct conf *c = arena_new_of(s->arena, struct conf);

	for (unsigned k = 0; k < s->plan.instances; k++)
		instance_make(s, c, n, k);
	if (s->plan.grouped) {
		struct conf_group *g = arena_new_of(s->arena, struct conf_group);

		g->name = "G";
		g->tracking_weight = true;
		for (unsigned k = 0; k < s->plan.instances; k++)
			vec_push(s->arena, &g->members, k);
		vec_push(s->arena, &c->groups, g);
	}
	if (s->plan.script_weight != 1)
		track_make(s, c);
	return c;
}

/* ---- faults ---- */

static usec_t some_time(struct sim *s, usec_t most)
{
	return 1 + (usec_t)below(s, (uint32_t)usec_min(most, UINT32_MAX));
}

static void partition(struct sim *s)
{
	bool same = s->plan.grouped || chance(s, 50);

	for (unsigned n = 0; n < s->plan.nodes; n++)
		for (unsigned k = 0; k < s->plan.instances; k++)
			s->node[n].cell[k] =
				same && k ? s->node[n].cell[0] : (uint8_t)below(s, s->plan.nodes);
	sim_trace(s, "the network is divided");
}

static void heal(struct sim *s)
{
	for (unsigned n = 0; n < s->plan.nodes; n++)
		for (unsigned k = 0; k < s->plan.instances; k++)
			s->node[n].cell[k] = 0;
	sim_trace(s, "the network is whole");
}

static void new_priority(struct sim *s, unsigned n)
{
	uint8_t priority = (uint8_t)(1 + below(s, 254));

	for (unsigned k = 0; k < s->plan.instances; k++)
		if (s->plan.priority[n][k] != 255)
			s->plan.priority[n][k] = priority;
}

static void network_fault(struct sim *s)
{
	switch (below(s, 6)) {
	case 5:
		s->deaf[below(s, s->plan.nodes)][below(s, s->plan.nodes)] = true;
		sim_trace(s, "somebody is deaf to somebody");
		return;
	case 0:
		s->loss = below(s, 60);
		return;
	case 1:
		s->duplicate = below(s, 40);
		s->delay_most = s->plan.interval * (1 + below(s, 3));
		return;
	case 2:
		s->damage = below(s, 30);
		return;
	case 3:
		partition(s);
		return;
	default:
		heal(s);
		return;
	}
}

static void node_fault(struct sim *s, unsigned n)
{
	usec_t down = s->plan.down;

	switch (below(s, 9)) {
	case 0:
		sim_node_kill(s, n, true, chance(s, 70) ? some_time(s, 2 * down) : USEC_NEVER);
		return;
	case 1:
		sim_node_kill(s, n, false, some_time(s, 2 * s->plan.interval));
		return;
	case 2:
		if (s->node[n].router)
			s->node[n].restart_at =
				chance(s, 70) ? s->now + some_time(s, 2 * down) : USEC_NEVER;
		sim_node_shutdown(s, n);
		return;
	case 3:
		if (chance(s, 50))
			new_priority(s, n);
		sim_node_reload(s, n);
		return;
	case 4:
		sim_node_stall(s, n, some_time(s, 2 * down));
		return;
	case 5:
		sim_node_clock_step(s, n, some_time(s, 2 * down));
		return;
	case 6:
		sim_node_link(s, n, below(s, s->plan.instances), chance(s, 60));
		return;
	case 7:
		sim_node_script(s, n, chance(s, 50));
		return;
	default:
		sim_node_vip_gone(s, n, below(s, s->plan.instances));
		return;
	}
}

static void turbulence(struct sim *s)
{
	unsigned faults = 1 + below(s, FAULTS_MOST);

	s->last_fault = USEC_NEVER - 1000 * USEC_PER_SEC; /* not settled for now */
	for (unsigned n = 0; n < s->plan.nodes; n++)
		if (!s->node[n].router && s->node[n].restart_at == USEC_NEVER && chance(s, 70))
			s->node[n].restart_at = s->now + some_time(s, s->plan.down);
	for (unsigned f = 0; f < faults && !s->failed; f++) {
		sim_run_until(s, s->now + some_time(s, s->plan.down));
		if (chance(s, 40))
			network_fault(s);
		else
			node_fault(s, below(s, s->plan.nodes));
	}
}

/* From when on nothing disturbs any more. */
static usec_t last_fault(const struct sim *s)
{
	usec_t last = s->now;

	for (unsigned n = 0; n < s->plan.nodes; n++) {
		const struct sim_node *node = &s->node[n];

		last = usec_max(last, node->stalled_until);
		if (node->leaving)
			last = usec_max(last, node->leave_by);
		if (node->restart_at != USEC_NEVER)
			last = usec_max(last, node->restart_at);
	}
	for (unsigned k = 0; k < s->n_packets; k++)
		last = usec_max(last, s->packets[k].at);
	return last;
}

static void quiet(struct sim *s)
{
	s->loss = s->duplicate = s->damage = 0;
	memset(s->deaf, 0, sizeof(s->deaf));
	s->delay_most = s->plan.interval / 16;
	s->last_fault = last_fault(s);
	for (unsigned k = 0; k < SIM_INSTANCES_MAX; k++)
		for (unsigned c = 0; c < SIM_NODES_MAX; c++)
			s->master_seen[k][c] = 0;
	sim_trace(s, "quiet; settled by %.6f", (double)(s->last_fault + sim_bound(s)) / 1e6);
	sim_run_until(s, s->last_fault + sim_bound(s) + 2 * s->plan.down);
	if (s->failed)
		return;
	sim_check_settled(s);
	sim_check_healed(s);
}

bool sim_seed_run(struct sim *s, uint64_t seed, bool trace)
{
	*s = (struct sim){.seed = seed, .trace = trace, .random = {seed * 2 + 1}};
	s->arena = arena_new();
	s->now = 100 * USEC_PER_SEC;
	plan_make(s);
	s->delay_most = s->plan.interval / 16;
	sim_trace(s, "%u nodes, %u instances%s, version %u, interval %.3f s", s->plan.nodes,
		  s->plan.instances, s->plan.grouped ? " in a group" : "", s->plan.version,
		  (double)s->plan.interval / 1e6);
	for (unsigned n = 0; n < s->plan.nodes; n++) {
		struct sim_node *node = &s->node[n];

		node->conf = sim_conf_make(s, n);
		node->offset = (usec_t)below(s, 1000000);
		node->restart_at = s->now + some_time(s, s->plan.down);
		node->script_good = true;
		for (unsigned k = 0; k < s->plan.instances; k++)
			node->link_up[k] = true;
		sim_trace(s, "n%u: priority %u%s", n, s->plan.priority[n][0],
			  s->plan.nopreempt[n] ? ", nopreempt" : "");
	}
	for (unsigned phase = 0; phase < PHASES && !s->failed; phase++) {
		quiet(s);
		turbulence(s);
	}
	if (!s->failed)
		quiet(s);
	return !s->failed;
}
